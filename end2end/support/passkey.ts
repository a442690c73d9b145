// A virtual authenticator beside a page, by the browser's own protocol.

import type { CDPSession, Page } from '@playwright/test';

/** What an authenticator can do; the rest is as in a phone or a laptop of today. */
export interface Abilities {
  residentKeys?: boolean;
  present?: boolean;
}

export interface Credential {
  credentialId: string;
  isResidentCredential: boolean;
  rpId: string;
  privateKey: string;
  userHandle: string;
  signCount: number;
}

const began = Date.now();

/** The authenticator of one page. */
export class Authenticator {
  private constructor(
    private readonly session: CDPSession,
    private readonly authenticatorId: string,
  ) {}

  static async beside(page: Page, { residentKeys = true, present = true }: Abilities = {}): Promise<Authenticator> {
    const session = await page.context().newCDPSession(page);
    await session.send('WebAuthn.enable', { enableUI: false });
    const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        ctap2Version: 'ctap2_1',
        transport: 'internal',
        hasResidentKey: residentKeys,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: present,
      },
    });
    return new Authenticator(session, authenticatorId);
  }

  /** What it holds. */
  async credentials(): Promise<Credential[]> {
    const { authenticatorId } = this;
    const { credentials } = await this.session.send('WebAuthn.getCredentials', { authenticatorId });
    return credentials as Credential[];
  }

  /** Takes a passkey over from another page's authenticator. Its counter has only grown since. */
  async hold(credential: Credential): Promise<void> {
    const { authenticatorId } = this;
    const signCount = credential.signCount + Date.now() - began;
    await this.session.send('WebAuthn.addCredential', { authenticatorId, credential: { ...credential, signCount } });
  }

  /** Whether whoever is asked is the right person. */
  async verifies(isUserVerified: boolean): Promise<void> {
    const { authenticatorId } = this;
    await this.session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified });
  }

  /** Takes the authenticator away, as when it is lost. */
  async remove(): Promise<void> {
    const { authenticatorId } = this;
    await this.session.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId });
  }
}
