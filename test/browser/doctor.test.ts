import { inChromium } from './inChromium.js';

inChromium({}, (walk) => {
  it('the doctor’s findings follow the page by themselves, and are checked again on demand', async () => {
    const { portal, site } = walk();
    const page = await walk().openPage({ viewport: { width: 1280, height: 1000 } });
    await page.goto(`${portal.url}/admin/doctor`);
    await page.getByText('Aud Auditor').first().click();
    await page.getByText('checks passed').click();
    await page.getByText('Entra gives the portal a token for Graph.').waitFor();
    expect(page.url()).toBe(`${portal.url}/admin/doctor`);

    await site.tenant.settings({ allowInvitesFrom: 'none', permissions: ['Policy.Read.All'] });
    await page.getByRole('button', { name: 'Check again' }).click();
    await page.getByText("The tenant doesn't let anyone invite guests").waitFor();
    expect(await page.getByText('checked at').count()).toBe(1);
    // What was found is said in a sentence, and the button that asked for it keeps the focus.
    expect(await page.getByRole('status').innerText()).toMatch(
      /^\d+ problems? and \d+ warnings?\s+checked at/,
    );
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Check again');
  });

  it('without scripts the button does the same', async () => {
    const { portal } = walk();
    const page = await walk().openPage({ javaScriptEnabled: false });
    await page.goto(`${portal.url}/admin/doctor`);
    await page.getByText('Aud Auditor').first().click();
    await page.getByRole('button', { name: 'Check again' }).click();
    await page.getByRole('heading', { name: /^Needs fixing/ }).waitFor();
  });
});
