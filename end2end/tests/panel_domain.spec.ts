import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { chromium, type Locator, type Page } from '@playwright/test';

import { Complaints } from '../support/complaints.ts';
import { expect, test } from '../support/door.ts';
import { claim, open, ready } from '../support/owner.ts';
import { inspect } from '../support/pages.ts';
import { Authenticator } from '../support/passkey.ts';

const name = 'panel.homeport.example';

/** A certificate for the name, and what a browser knows it by: the hash of its key. */
function madeFor(folder: string): { certificate: string; key: string; known: string } {
  const [cert, key] = [join(folder, 'panel.crt'), join(folder, 'panel.key')];
  const how = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '60'];
  const what = ['-subj', '/CN=Panel', '-addext', `subjectAltName=DNS:${name}`, '-keyout', key, '-out', cert];
  execFileSync('openssl', [...how, ...what], { stdio: 'ignore' });
  const spki = execFileSync('openssl', ['pkey', '-in', key, '-pubout', '-outform', 'DER'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const known = execFileSync('openssl', ['dgst', '-sha256', '-binary'], { input: spki }).toString('base64');
  return { certificate: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8'), known };
}

const part = (panel: Locator, of: string) => panel.getByRole('row', { name: new RegExp(`^${of}`) });

test('a name is given, rehearsed, entered with a passkey of its own, and given up again', async ({
  page,
  panel,
  authenticator,
  complaints,
}, testInfo) => {
  void authenticator;
  // Each refusal for want of a fresh passkey is one; it is asked for and the same is done again.
  complaints.excuse(/status of 40[39]/, /status of 422/);
  await claim(page, panel);
  const folder = mkdtempSync(join(tmpdir(), 'homeport-'));
  const made = madeFor(folder);
  await open(page, `${panel.origin}/settings/panel`);
  const named = page.getByRole('region', { name });

  await test.step('what is no name for it is said at the field', async () => {
    for (const wrong of ['203.0.113.7', 'shop.apps.localhost', 'a.example.com; }']) {
      const field = page.getByRole('textbox', { name: 'Host name' });
      await field.fill(wrong);
      await page.getByRole('button', { name: 'Rehearse it' }).click();
      await expect(field).toHaveAttribute('aria-invalid', 'true');
    }
  });

  await test.step('the rehearsal says what is missing', async () => {
    await page.getByRole('textbox', { name: 'Host name' }).fill(name);
    await page.getByRole('button', { name: 'Rehearse it' }).click();
    await expect(part(named, 'DNS')).toBeVisible();
    await expect(part(named, 'Answer')).toContainText('Waiting');
    await expect(part(named, 'Passkey')).toContainText('Waiting');
    await expect(named.getByRole('button', { name: /^Make a link/ })).toHaveCount(0);
  });

  await test.step('with a certificate it answers', async () => {
    await open(page, `${panel.origin}/domains/${name}`);
    const bring = page.getByRole('region', { name: 'Bring your own' });
    await bring.getByLabel('Certificate').fill(made.certificate);
    await bring.getByLabel('Private key').fill(made.key);
    await bring.getByRole('button', { name: 'Check and use it' }).click();
    await expect(page.getByRole('region', { name: 'Certificate', exact: true })).toContainText('one of your own');
    await expect(page.getByRole('region', { name: 'Served by this server' })).toContainText('TLS 1.3');
    await open(page, `${panel.origin}/settings/panel`);
    // Who issued it is nobody that browsers know.
    await expect(part(named, 'Certificate')).toContainText('Cannot be seen');
    await expect(part(named, 'Answer')).toContainText('Good');
    for (const width of ['phone', 'laptop'] as const) await inspect(page, 'panel_domain_rehearsed', width);
  });

  // Neither DNS nor the authority is known here: whoever goes there says that they know.
  await expect(named.getByRole('button', { name: 'Make a link to go there' })).toHaveCount(0);
  await named.getByRole('button', { name: 'Make a link all the same' }).click();
  const link = await page.getByText(/^https:\/\/.*\/recover#move\./).textContent();
  expect(link).toContain(`https://${name}:${panel.ports.https}/recover#move.`);

  // A browser that finds the name here and knows the certificate, as visitors' will.
  const { launchOptions } = testInfo.project.use;
  const args = [...(launchOptions?.args ?? []), `--host-resolver-rules=MAP ${name} 127.0.0.1`];
  const browser = await chromium.launch({
    ...launchOptions,
    args: [...args, `--ignore-certificate-errors-spki-list=${made.known}`],
  });
  const elsewhere = await browser.newContext();
  const heard = Complaints.of(elsewhere);
  // Before there is a passkey nothing but Settings answers, the stream of news included.
  heard.excuse(/status of 403/);
  const there: Page = await elsewhere.newPage();
  const passkeys = await Authenticator.beside(there);

  await test.step('the link lets in once, and a passkey is made there', async () => {
    await open(there, link ?? '');
    await there.getByRole('button', { name: 'Get back in' }).click();
    await expect(there).toHaveURL(/\/settings/);
    await ready(there);
    await there.getByRole('textbox', { name: 'Name of a new passkey' }).fill('There');
    await there.getByRole('button', { name: 'Add a passkey' }).click();
    await expect(there.getByText('Add a passkey now.')).toBeHidden();
    expect(await passkeys.credentials()).toMatchObject([{ rpId: name }]);
    await open(there, `https://${name}:${panel.ports.https}/`);
    await expect(there.getByRole('heading', { level: 1, name: 'Today' })).toBeVisible();
    expect(heard.unexpected).toEqual([]);
  });

  await test.step('links carry it from then on, and the old name goes on working', async () => {
    await open(page, `${panel.origin}/settings/panel`);
    await expect(part(named, 'Passkey')).toContainText('Good');
    await expect(named).toContainText('links carry it');
    await expect(named).toContainText('1 passkey belongs to it');
    await there.getByRole('button', { name: 'Sign out' }).click();
    await there.getByRole('button', { name: /passkey/ }).first().click();
    await expect(there.getByRole('heading', { level: 1, name: 'Today' })).toBeVisible();
  });

  await test.step('given up, it lets nobody in', async () => {
    await open(page, `${panel.origin}/settings/panel`);
    // What is left is reached over ssh only, which has to be confirmed.
    await named.getByLabel('Give it up all the same').check();
    await named.getByRole('button', { name: 'Give the name up' }).click();
    await expect(named).toHaveCount(0);
    await expect(page.getByRole('region', { name: 'localhost' })).toContainText('links carry it');
    await expect(async () => {
      expect(await there.goto(`https://${name}:${panel.ports.https}/`).catch(() => null)).toBeNull();
    }).toPass();
  });
  await browser.close();
  rmSync(folder, { recursive: true });
});
