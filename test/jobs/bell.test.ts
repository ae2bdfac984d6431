import { createBell } from '../../src/jobs/bell.js';

test('an announcement made while nobody rests ends the next rest at once', async () => {
  const bell = createBell();
  bell.announce();
  // Were it lost, the test would end at its time limit.
  await bell.rest(3_600_000);
});

test('an announcement wakes everybody who rests', async () => {
  const bell = createBell();
  const resting = [1, 2, 3].map(() => bell.rest(3_600_000));
  bell.announce();
  await Promise.all(resting);
});
