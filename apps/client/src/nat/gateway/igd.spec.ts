import { descriptionUrl, searchRequests, soapAnswer, soapRequest, wanServices } from './igd';

const gateway = '192.168.1.1';
const location = new URL('http://192.168.1.1:5000/rootDesc.xml');
const wanIp = 'urn:schemas-upnp-org:service:WANIPConnection:1';

const service = (type: string, controlUrl: string) =>
  `<service><serviceType>${type}</serviceType><serviceId>urn:upnp-org:serviceId:x</serviceId>` +
  `<SCPDURL>/x.xml</SCPDURL><controlURL>${controlUrl}</controlURL><eventSubURL>/evt</eventSubURL></service>`;
const description = (services: string, urlBase = '') =>
  `<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0">${urlBase}<device>` +
  `<deviceList><device><serviceList>${services}</serviceList></device></deviceList></device></root>`;

describe('the search for a UPnP gateway', () => {
  it('is the M-SEARCH of the UPnP Device Architecture, section 1.3.2', () => {
    expect(searchRequests().map(String)).toEqual(
      [1, 2].map(
        (version) =>
          'M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\nMX: 1\r\n' +
          `ST: urn:schemas-upnp-org:device:InternetGatewayDevice:${version}\r\n\r\n`,
      ),
    );
  });

  it.each([
    ['HTTP/1.1 200 OK\r\nST: x\r\nLOCATION: http://192.168.1.1:5000/rootDesc.xml\r\n\r\n', location.href],
    ['HTTP/1.0 200 OK\nlocation:http://192.168.1.1/\n', 'http://192.168.1.1/'],
    ['HTTP/1.1 200 OK\r\nLOCATION: http://192.168.1.2:5000/rootDesc.xml\r\n\r\n', undefined],
    ['HTTP/1.1 200 OK\r\nLOCATION: http://router.example/rootDesc.xml\r\n\r\n', undefined],
    ['HTTP/1.1 200 OK\r\nLOCATION: http://192.168.1.1@192.168.1.2/\r\n\r\n', undefined],
    ['HTTP/1.1 200 OK\r\nLOCATION: https://192.168.1.1/\r\n\r\n', undefined],
    ['HTTP/1.1 200 OK\r\nLOCATION: file://192.168.1.1/etc/passwd\r\n\r\n', undefined],
    ['HTTP/1.1 200 OK\r\nLOCATION: /rootDesc.xml\r\n\r\n', undefined],
    ['HTTP/1.1 200 OK\r\nST: x\r\n\r\n', undefined],
    ['HTTP/1.1 404 Not Found\r\nLOCATION: http://192.168.1.1/\r\n\r\n', undefined],
    ['NOTIFY * HTTP/1.1\r\nLOCATION: http://192.168.1.1/\r\n\r\n', undefined],
    ['', undefined],
  ])('reads %j as %p', (text, url) => {
    expect(descriptionUrl(Buffer.from(text), gateway)?.href).toBe(url);
  });
});

describe("a gateway's description", () => {
  const urls = (xml: string) => wanServices(xml, location, gateway).map(({ controlUrl }) => controlUrl.href);

  it('names the services that map ports, in their order', () => {
    const ppp = wanIp.replace('IP', 'PPP');
    const services = [ppp, 'urn:schemas-upnp-org:service:Layer3Forwarding:1', `${wanIp.slice(0, -1)}2`];
    const xml = description(services.map((type, index) => service(type, `/ctl/${index}`)).join('\n'));
    expect(wanServices(xml, location, gateway)).toEqual([
      { type: ppp, controlUrl: new URL('http://192.168.1.1:5000/ctl/0') },
      { type: services[2], controlUrl: new URL('http://192.168.1.1:5000/ctl/2') },
    ]);
  });

  it.each([
    ['relative to the description', service(wanIp, 'ctl'), '', ['http://192.168.1.1:5000/ctl']],
    ['relative to URLBase', service(wanIp, 'ctl'), 'http://192.168.1.1:80/a/', ['http://192.168.1.1/a/ctl']],
    [
      'absolute',
      service(wanIp, 'http://192.168.1.1:9/c?a=1&amp;b=2'),
      '',
      ['http://192.168.1.1:9/c?a=1&b=2'],
    ],
    ['on another host', service(wanIp, 'http://192.168.1.2/ctl'), '', []],
    [
      'by URLBase on another host',
      service(wanIp, 'ctl'),
      'http://192.168.1.2/',
      ['http://192.168.1.1:5000/ctl'],
    ],
    ['missing', `<service><serviceType>${wanIp}</serviceType></service>`, '', []],
  ])('its control URL is %s', (_name, services, urlBase, expected) => {
    expect(urls(description(services, urlBase && `<URLBase>${urlBase}</URLBase>`))).toEqual(expected);
  });

  it.each(['', 'not XML', description(service('urn:x:service:WANIPConnection:1"><x', '/ctl'))])(
    'without such a service names none: %j',
    (xml) => {
      expect(urls(xml)).toEqual([]);
    },
  );
});

describe('an action', () => {
  it('is posted as in the UPnP Device Architecture, section 3.1.1', () => {
    expect(
      soapRequest(wanIp, 'DeletePortMapping', { NewRemoteHost: '', NewExternalPort: 5, NewName: '<&' }),
    ).toEqual({
      headers: { 'content-type': 'text/xml; charset="utf-8"', SOAPAction: `"${wanIp}#DeletePortMapping"` },
      body:
        '<?xml version="1.0"?>\r\n<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"' +
        ' s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>' +
        `<u:DeletePortMapping xmlns:u="${wanIp}"><NewRemoteHost></NewRemoteHost>` +
        '<NewExternalPort>5</NewExternalPort><NewName>&lt;&amp;</NewName></u:DeletePortMapping>' +
        '</s:Body></s:Envelope>\r\n',
    });
  });

  it('succeeds with values', () => {
    const xml =
      '<s:Envelope><s:Body><u:GetExternalIPAddressResponse xmlns:u="x">' +
      '<NewExternalIPAddress>203.0.113.7</NewExternalIPAddress></u:GetExternalIPAddressResponse></s:Body></s:Envelope>';
    const answer = soapAnswer(200, xml);
    expect(answer?.error).toBeNull();
    expect(answer?.values.get('NewExternalIPAddress')).toBe('203.0.113.7');
  });

  it('fails with an error code', () => {
    const xml =
      '<s:Fault><faultcode>s:Client</faultcode><faultstring>UPnPError</faultstring><detail><UPnPError>' +
      '<errorCode>718</errorCode><errorDescription>Conflict</errorDescription></UPnPError></detail></s:Fault>';
    expect(soapAnswer(500, xml)?.error).toBe(718);
  });

  it.each([
    [500, 'oops'],
    [404, '<html></html>'],
    [500, '<errorCode>x</errorCode>'],
  ])('with status %p and %j is not answered', (status, xml) => {
    expect(soapAnswer(status, xml)).toBeUndefined();
  });
});
