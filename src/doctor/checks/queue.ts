import { codeOf } from '../../codeOf.js';
import { isStoreDown } from '../../store/database.js';
import { pauseSecondsLeft } from '../../store/pauses.js';
import { findOverdue } from '../../store/requestFigures.js';
import { finding, type CheckUp } from '../finding.js';

const LATE_SECONDS = 60;
const STUCK_SECONDS = 15 * 60;

/** Work is done when it is due. */
export const examineQueue: CheckUp = async function examineQueue({ store }) {
  if (!store) return [];
  try {
    const paused = Math.ceil(await pauseSecondsLeft(store.db, ['graph']));
    const { count, oldestSeconds } = await findOverdue(store.db, 'all', 0);
    const minutes = Math.round(oldestSeconds / 60);
    const found = paused > 0 ? [finding('queue', 'paused', { seconds: paused })] : [];
    if (oldestSeconds > STUCK_SECONDS) found.push(finding('queue', 'stuck', { count, minutes }));
    else if (oldestSeconds > LATE_SECONDS) found.push(finding('queue', 'late', { count, minutes }));
    return found.length > 0 ? found : [finding('queue', 'inTime', { count })];
  } catch (error) {
    // The check of the store says when it is down or not in use yet.
    if (isStoreDown(error) || codeOf(error) === UNDEFINED_TABLE) return [];
    throw error;
  }
};

const UNDEFINED_TABLE = '42P01';
