/** Settings that keep the tests' own floods from being limited. */
export const unlimited = {
  LANRAGE_LIMIT_CONNECTIONS: '0',
  LANRAGE_LIMIT_REQUESTS: '0',
  LANRAGE_LIMIT_SIGN_INS: '0',
  LANRAGE_LIMIT_CREATES: '0',
  LANRAGE_LIMIT_PARTIES: '0',
  LANRAGE_LIMIT_PUBLIC_PARTIES: '0',
  LANRAGE_LIMIT_JOINS: '0',
  LANRAGE_LIMIT_PASSWORDS: '0',
  LANRAGE_LIMIT_SEARCHES: '0',
};

export const RELAY_SECRET = 'the secret of the relays in this test';
