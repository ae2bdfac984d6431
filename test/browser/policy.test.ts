import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { aPolicy } from '../support/aPolicy.js';
import { waitFor } from '../support/waitFor.js';
import { inChromium } from './inChromium.js';

inChromium({ policy: aPolicy() }, (walk) => {
  async function openPolicy(): Promise<Page> {
    const here = walk();
    const page = await here.openPage({ viewport: { width: 1280, height: 1000 } });
    await page.goto(`${here.portal.url}/admin/policy`);
    await page.getByText('Ada Admin').first().click();
    await page.waitForURL(`${here.portal.url}/admin/policy`);
    return page;
  }

  const onDisk = () => readFile(walk().site.policyFile, 'utf8');

  it('an admin mends what is broken, sees what changes, saves it byte for byte, and goes back', async () => {
    const page = await openPolicy();
    const text = page.getByLabel('The policy file, as JSON');
    const before = await text.inputValue();
    expect(before).toBe(await onDisk());
    // A document is read in lines: its letters are not spread as those of a mailed code are.
    expect(await page.evaluate("getComputedStyle(document.getElementById('text')).letterSpacing")).toBe(
      'normal',
    );

    const written = JSON.stringify(aPolicy({ unlisted: 'review' }), null, 2);
    await text.fill(written.replace('"deny": {', '"deny" {'));
    await page.getByRole('button', { name: 'Check changes' }).click();
    await page.getByRole('heading', { name: /^1 error/ }).waitFor();
    await page.getByRole('link', { name: /^line \d+, column \d+$/ }).click();
    const selected = await page.evaluate<string>('getSelection().toString()');
    expect(selected).toBe('{');
    // Each line has its number, that of the fault is marked, and both parts are at the same place.
    const lines = written.split('\n').length;
    const gutter = page.locator('[data-gutter]');
    expect((await gutter.innerText()).trim().split('\n')).toEqual(
      Array.from({ length: lines }, (_, index) => String(index + 1)),
    );
    const line = written.split('\n').findIndex((one) => one.includes('"deny": {')) + 1;
    expect(await gutter.locator('mark.current').innerText()).toBe(String(line));
    expect(await page.evaluate<[number, number]>(PLACES)).toEqual([expect.any(Number), 0]);

    await text.fill(written);
    await page.keyboard.press('Control+s');
    await page.getByText('unlisted', { exact: true }).first().waitFor();
    await page.getByText('Line by line').click();
    await page.getByRole('button', { name: 'Keep editing' }).click();
    expect(await text.inputValue()).toBe(written);
    await page.getByRole('button', { name: 'Check changes' }).click();
    await page.getByLabel('Comment').fill('Let a person look');
    await page.getByRole('button', { name: 'Save and put in force' }).click();
    await page.getByText('The policy has been saved').waitFor();
    expect(await onDisk()).toBe(written);
    await page.goBack();
    expect(await text.inputValue()).toBe(written);

    await page.getByRole('link', { name: 'Versions', exact: true }).click();
    await page.getByText('Let a person look').waitFor();
    await page.getByRole('row').last().getByRole('link').first().click();
    await page.getByRole('button', { name: /^Go back to version/ }).click();
    await page.getByRole('button', { name: 'Save and put in force' }).click();
    await page.getByText('The policy has been saved').waitFor();
    expect(await onDisk()).toBe(before);
  });

  it('the Tab key moves on from the text, and leaving with edits in it is asked about', async () => {
    const page = await openPolicy();
    let questions = 0;
    page.on('dialog', (dialog) => {
      questions++;
      void dialog.dismiss();
    });
    const text = page.getByLabel('The policy file, as JSON');
    await text.press('Tab');
    expect(await page.locator('button:focus').innerText()).toBe('Check changes');
    await text.fill('{}');
    await page.getByRole('link', { name: 'Versions', exact: true }).click();
    await waitFor('the question', () => questions === 1);
    expect(await text.inputValue()).toBe('{}');
    await page.getByText('What a policy may hold').click();
    await page.getByRole('rowheader', { name: 'partners[].limits.perHour' }).waitFor();
  });
});

/** Where the text is scrolled to, and how far the numbers are from there. */
const PLACES = `(() => {
  const [text, gutter] = [document.querySelector('#text'), document.querySelector('[data-gutter]')];
  return [text.scrollTop, text.scrollTop - gutter.scrollTop];
})()`;
