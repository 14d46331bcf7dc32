// A real OpenID Connect provider with new signing keys at each start: `node provider.mjs PORT HUB_URL [TOKEN_LIFETIME_S]`.
// People sign in without a page: the account is what the cookie `who` says, "officer" without one.
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const [port, hub, lifetime = '300'] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const audience = 'cross-sector-hub';
const people = {
  officer: { name: 'Nguyễn Thị Cán Bộ', roles: ['officer', 'offline_access'], offices: ['26734'] },
  auditor: { name: 'Trần Văn Kiểm', roles: ['auditor'], offices: [] },
  nobody: { name: 'Không Vai', roles: [], offices: [] },
};

function key(kind, parameters) {
  const { privateKey } = generateKeyPairSync(kind, parameters);
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig' };
}

const provider = new Provider(issuer, {
  jwks: { keys: [key('rsa', { modulusLength: 2048 }), key('ec', { namedCurve: 'P-256' })] },
  cookies: { keys: ['not a secret'] },
  clients: [
    {
      client_id: 'hub-pages',
      client_secret: 's3cret+/=&',
      redirect_uris: [`${hub}/sign-in/callback`],
      post_logout_redirect_uris: [`${hub}/`],
      backchannel_logout_uri: `${hub}/sign-out/back-channel`,
    },
    { client_id: 'portal', client_secret: 'portal-secret', grant_types: ['client_credentials'], redirect_uris: [], response_types: [] },
  ],
  claims: { openid: ['sub'], profile: ['name', 'roles', 'offices'] },
  conformIdTokenClaims: false,
  findAccount: async (_, id) => people[id] && { accountId: id, claims: async () => ({ sub: id, ...people[id] }) },
  features: {
    devInteractions: { enabled: false },
    backchannelLogout: { enabled: true },
    clientCredentials: { enabled: true },
    rpInitiatedLogout: { enabled: true, logoutSource: (ctx, form) => { ctx.body = `<html><body>${form}</body></html>`; } },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      useGrantedResource: () => true,
      getResourceServerInfo: (_, resource) => ({
        scope: 'dossier:open',
        audience: resource === 'urn:hub' ? audience : 'another-service',
        accessTokenTTL: Number(lifetime),
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
  // By itself the provider sends nothing to addresses of this machine, where the hub of the tests is.
  fetch: (url, options) => fetch(url, { ...options, dispatcher: undefined }),
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  ttl: { AuthorizationCode: 60, IdToken: 300, Session: 600, Grant: 600, Interaction: 600 },
});

const handle = provider.callback();

async function interact(request, response) {
  const { prompt, params } = await provider.interactionDetails(request, response);
  const who = /(?:^|; )who=(\w+)/.exec(request.headers.cookie ?? '')?.[1] ?? 'officer';
  if (who === 'denied') {
    return provider.interactionFinished(request, response, { error: 'access_denied', error_description: 'no' });
  }
  if (prompt.name === 'login') return provider.interactionFinished(request, response, { login: { accountId: who } });
  const grant = new provider.Grant({ accountId: who, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } });
}

createServer((request, response) => {
  const done = request.url.startsWith('/interaction/') ? interact(request, response) : handle(request, response);
  Promise.resolve(done).catch((error) => { response.statusCode = 500; response.end(String(error)); });
}).listen(Number(port), '127.0.0.1', () => console.log('ready'));
