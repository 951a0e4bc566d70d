/** A handshake and its first data message between two peers, captured from wireguard-go 0.0.20220316. */

const hex = (...lines: string[]) => Buffer.from(lines.join(''), 'hex');

export const wireguardCapture = {
  initiatorPublicKey: 'EmNWTxQoeyVJc7G6R/ObaLQto3PxrCshCyi0CnH/2hQ=',
  responderPublicKey: 'Y8PoclfbHLrzQb2d2Swm1YX/dcxIOxU+9elvUjlR8lA=',
  initiation: hex(
    '0100000041a716e4ca3cdb3fbba7d399345d34bfcfaceaf49c33e9936ce923e1129f71dd0e6c12143c27757fe569fc39',
    'c25e867cd06af08442a9ef4ece986990ad1b32edc7de11e6f6c3dadc2af4eba98f5c2cab83c3db417e7b0c9ab9d2655e',
    '76b9bc53dc0be1ccb1c69f6f19f957071093b48f033d400cc6e0721daac5681dc7b4950f000000000000000000000000',
    '00000000',
  ),
  response: hex(
    '020000009e26206941a716e483997ec7e4660ae7f3ade567eb3e3ff9a2e8a3d4d349c99d809da85bdb2b6d235bd514f1',
    '6a15d60e21ed608aed2e09904f889ae6c18415b9163b3c13ec446dc500000000000000000000000000000000',
  ),
  data: hex(
    '040000009e262069000000000000000001048a02f343656f9241a3644bde5c03cb7c0a713dadffdaf3c35daed605eefc',
    '138b947a2ca18521efde397a35246fe5cc2f9cb85f802f7f9d05d832b9d3d0677a051aea2b923afc2c8ddc798dcda549',
    'a7e1dc253f0861bcba7981861d807ffce78f00a358c4c95bd45b3c05e7e87976',
  ),
};
