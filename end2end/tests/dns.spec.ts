import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { expect, test } from '../support/home.ts';
import { open } from '../support/owner.ts';

test('a DNS provider is typed, tried, kept and forgotten', async ({ page, complaints }) => {
  complaints.excuse(/status of (422|502)/);
  const told: { action: string; fqdn: string; value: string }[] = [];
  const hook = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      const let_in = request.headers.authorization === 'Bearer t0ken-s3cret';
      if (let_in) told.push(JSON.parse(body));
      response.writeHead(let_in ? 204 : 401).end();
    });
  });
  await new Promise<void>((listens) => hook.listen(0, '127.0.0.1', listens));
  const url = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/hook`;
  try {
    await open(page, '/settings');
    await page.getByRole('link', { name: 'DNS providers' }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'DNS providers' })).toBeVisible();
    await expect(page.getByText('None yet.')).toBeVisible();
    await page.getByRole('link', { name: 'HTTP', exact: true }).click();
    await page.getByRole('textbox', { name: 'Zone' }).fill('not a zone');
    await page.getByRole('textbox', { name: 'Address' }).fill(url);
    await page.getByLabel('Token').fill('wr0ng');
    const keep = page.getByRole('button', { name: 'Try and keep it' });
    await keep.click();
    await expect(page.getByText('A host name has only letters')).toBeVisible();
    await page.getByRole('textbox', { name: 'Zone' }).fill('Example.com');
    await keep.click();
    await expect(page.getByText('The address does not take the token.')).toBeVisible();
    expect(told).toEqual([]);
    await page.getByLabel('Token').fill('t0ken-s3cret');
    await keep.click();
    const row = page.getByRole('row', { name: /^example\.com/ });
    await expect(row).toBeVisible();
    expect(told.map(({ action, fqdn }) => [action, fqdn])).toEqual([
      ['present', '_homeport-test.example.com.'],
      ['cleanup', '_homeport-test.example.com.'],
    ]);
    expect(told[0]?.value).toBe(told[1]?.value);
    await row.getByRole('button', { name: 'Try' }).click();
    await expect(page.getByText('A record of example.com was published and taken back.')).toBeVisible();
    await row.getByRole('button', { name: 'Forget' }).click();
    await expect(page.getByText('None yet.')).toBeVisible();
  } finally {
    hook.close();
  }
});
