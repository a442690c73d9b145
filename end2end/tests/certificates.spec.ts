import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Page } from '@playwright/test';

import { fillIn, isLive } from '../support/apps.ts';
import { expect, test } from '../support/home.ts';
import { open } from '../support/owner.ts';
import { inspect } from '../support/pages.ts';

const host = 'sealed.apps.localhost';
const served = (page: Page) => page.getByRole('region', { name: 'Served by this server' });
const certificate = (page: Page) => page.getByRole('region', { name: 'Certificate', exact: true });

/** A certificate of a person's own, with its key. */
function bought(folder: string, name: string): { certificate: string; key: string; serial: string } {
  const [cert, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  const how = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '15'];
  const what = ['-subj', '/CN=Bought', '-addext', `subjectAltName=DNS:${host}`, '-keyout', key, '-out', cert];
  execFileSync('openssl', [...how, ...what], { stdio: 'ignore' });
  const said = execFileSync('openssl', ['x509', '-in', cert, '-noout', '-serial']).toString();
  return { certificate: cert, key, serial: said.trim().replace('serial=', '').toLowerCase().replace(/^0+/, '') };
}

test('a name becomes https and its page shows what is served', async ({ browser, page, panel, git, authenticator, complaints }) => {
  void authenticator;
  complaints.excuse(/422/, /403/);
  const repository = git.repository('sealed', { 'index.html': '<h1>Sealed</h1>' });
  await fillIn(page, 'Static files', { Name: 'sealed', Repository: repository.url });
  await page.getByRole('button', { name: 'Deploy', exact: true }).click();
  await isLive(page, 1);
  const visitors = await browser.newContext({ ignoreHTTPSErrors: true });
  const visitor = await visitors.newPage();
  const folder = mkdtempSync(join(tmpdir(), 'homeport-'));

  await test.step('there is none at first', async () => {
    await open(page, `/domains/${host}`);
    await expect(page.getByRole('heading', { level: 1, name: host })).toBeVisible();
    await expect(certificate(page)).toContainText('None yet');
    await page.getByRole('button', { name: 'Look again' }).click();
    await expect(page.getByText('http only: there is no certificate yet')).toBeVisible();
    await expect(served(page)).toContainText('The handshake is rejected');
  });

  await test.step('a self-signed one is made and served', async () => {
    await page.getByRole('button', { name: 'Make a self-signed certificate' }).click();
    await expect(certificate(page)).toContainText('self-signed, made here');
    await expect(served(page)).toContainText('browsers warn');
    await expect(served(page)).toContainText('TLS 1.3, HTTP/2');
    await expect(served(page)).toContainText('301 to https');
    await visitor.goto(`http://${host}:${panel.ports.http}/`);
    await expect(visitor).toHaveURL(`https://${host}:${panel.ports.https}/`);
    await expect(visitor.getByRole('heading', { name: 'Sealed' })).toBeVisible();
  });

  const own = bought(folder, 'own');
  const other = bought(folder, 'other');
  await test.step('one’s own is refused beside another’s key, and taken with its own', async () => {
    const bring = page.getByRole('region', { name: 'Bring your own' });
    await bring.getByLabel('Certificate').fill(readFileSync(own.certificate, 'utf8'));
    await bring.getByLabel('Private key').fill(readFileSync(other.key, 'utf8'));
    await bring.getByRole('button', { name: 'Check and use it' }).click();
    await expect(bring).toContainText(`The private key does not belong to the certificate for ${host}.`);
    await bring.getByLabel('Private key').fill(readFileSync(own.key, 'utf8'));
    await bring.getByRole('button', { name: 'Check and use it' }).click();
    await expect(certificate(page)).toContainText('one of your own, which you renew');
    await expect(certificate(page)).toContainText(own.serial);
    await expect(served(page)).toContainText(own.serial);
    await expect(page.getByRole('button', { name: 'Make a self-signed certificate' })).toHaveCount(0);
  });

  await test.step('files do as well', async () => {
    const files = page.getByRole('region', { name: 'Bring it as files' });
    await files.getByLabel('Files').setInputFiles([other.certificate, other.key]);
    await files.getByRole('button', { name: 'Send and use them' }).click();
    await expect(certificate(page)).toContainText(other.serial);
    await expect(page.getByRole('region', { name: 'Last certificates' })).toContainText(own.serial);
    expect(await page.content()).not.toContain('PRIVATE KEY-----\n');
  });

  await test.step('Today says when it ends', async () => {
    await open(page, '/');
    await expect(page.getByRole('region', { name: 'What breaks next' })).toContainText(host);
    await expect(page.getByText(`${host}: The certificate of ${host} ends in 15 d.`)).toBeVisible();
  });

  await test.step('it reads on a phone', async () => {
    await open(page, `/domains/${host}`);
    await inspect(page, 'domain', 'phone');
    await inspect(page, 'domain', 'laptop');
  });

  await test.step('it is used no more, and visitors of before are warned of', async () => {
    const stop = page.getByRole('region', { name: 'Without this certificate' });
    await expect(stop).toContainText('told to reach ' + host + ' by https only (HSTS)');
    await stop.getByRole('button', { name: 'Stop using it' }).click();
    await expect(certificate(page)).toContainText('None yet');
    await expect(stop).toHaveCount(0);
    await expect(page.getByRole('region', { name: 'Last certificates' })).toContainText(other.serial);
  });
  await visitors.close();
  rmSync(folder, { recursive: true });
});
