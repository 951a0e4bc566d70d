/** From each player to the server. */
export const ONE_WAY_MS = 15;
export const SERVER_ROUND_TRIP_MS = 2 * ONE_WAY_MS;
