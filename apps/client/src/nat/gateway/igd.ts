/**
 * UPnP's Internet Gateway Device as text: finding it (UPnP Device Architecture 1.1, section 1.3), its description
 * (section 2.3) and actions of its WANIPConnection service over SOAP (section 3.1). Pure.
 */
import { escapeXml, innerXmls, leafElements, leafText } from './xml';

export const SSDP_ADDRESS = '239.255.255.250';
export const SSDP_PORT = 1_900;

export interface WanService {
  /** Such as `urn:schemas-upnp-org:service:WANIPConnection:1`. */
  readonly type: string;
  /** Where its actions are posted to. */
  readonly controlUrl: URL;
}

export interface SoapAnswer {
  /** UPnP's error code, null for success. */
  readonly error: number | null;
  /** Text of each argument by its name. */
  readonly values: ReadonlyMap<string, string>;
}

/** WANIPConnection 2, section 2.5, and UPnP Device Architecture 1.1, section 3.2.2. */
export const upnpError = {
  actionFailed: 501,
  notAuthorized: 606,
  conflict: 718,
  onlyPermanentLeases: 725,
  conflictWithOtherMechanisms: 729,
} as const;

const deviceTypes = [1, 2].map((version) => `urn:schemas-upnp-org:device:InternetGatewayDevice:${version}`);
const wanServiceType = /^urn:schemas-upnp-org:service:WAN(?:IP|PPP)Connection:[1-9]\d?$/;
/** The answer must come within this many seconds. */
const WAIT_SECONDS = 1;

/** The datagrams of a search for gateways. */
export function searchRequests(): Buffer[] {
  return deviceTypes.map((type) =>
    Buffer.from(
      [
        'M-SEARCH * HTTP/1.1',
        `HOST: ${SSDP_ADDRESS}:${SSDP_PORT}`,
        'MAN: "ssdp:discover"',
        `MX: ${WAIT_SECONDS}`,
        `ST: ${type}`,
        '\r\n',
      ].join('\r\n'),
    ),
  );
}

/** Where the answer to a search says that the description is, if that is on this gateway. */
export function descriptionUrl(datagram: Buffer, gateway: string): URL | undefined {
  const text = datagram.toString('latin1');
  if (!/^HTTP\/1\.\d 200 /.test(text)) return undefined;
  return gatewayUrl(/^location:[ \t]*(\S+)/im.exec(text)?.[1], gateway);
}

/** The services of a description that map ports and are on this gateway. */
export function wanServices(description: string, location: URL, gateway: string): WanService[] {
  const base = gatewayUrl(leafText(description, 'URLBase'), gateway) ?? location;
  return innerXmls(description, 'service').flatMap((service) => {
    const type = leafText(service, 'serviceType') ?? '';
    const controlUrl = gatewayUrl(leafText(service, 'controlURL'), gateway, base);
    return wanServiceType.test(type) && controlUrl ? [{ type, controlUrl }] : [];
  });
}

export function soapRequest(
  serviceType: string,
  action: string,
  values: Readonly<Record<string, string | number>>,
): { readonly headers: Record<string, string>; readonly body: string } {
  const texts = Object.entries(values).map(
    ([name, value]) => `<${name}>${escapeXml(String(value))}</${name}>`,
  );
  return {
    headers: { 'content-type': 'text/xml; charset="utf-8"', SOAPAction: `"${serviceType}#${action}"` },
    body:
      '<?xml version="1.0"?>\r\n<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"' +
      ' s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>' +
      `<u:${action} xmlns:u="${serviceType}">${texts.join('')}</u:${action}>` +
      '</s:Body></s:Envelope>\r\n',
  };
}

/** @returns undefined for what is neither an answer nor a fault of UPnP */
export function soapAnswer(status: number, xml: string): SoapAnswer | undefined {
  const values = new Map(leafElements(xml).map(({ name, text }) => [name, text]));
  if (status === 200) return { error: null, values };
  const error = values.get('errorCode');
  return error && /^\d{1,5}$/.test(error) ? { error: Number(error), values } : undefined;
}

/** An http URL whose host is the gateway, by its address. */
function gatewayUrl(text: string | undefined, gateway: string, base?: URL): URL | undefined {
  if (!text || !URL.canParse(text, base?.href)) return undefined;
  const url = new URL(text, base);
  return url.protocol === 'http:' && url.hostname === gateway ? url : undefined;
}
