// Verifies tokens with @clerk/backend: reads {"tokens", "key", "party", "issuer"}, writes a list of true and false.
import { createClerkClient, verifyToken } from "@clerk/backend";

const { tokens, key, party, issuer } = JSON.parse(await new Response(process.stdin).text());
const options = { jwtKey: key, authorizedParties: [party] };
const publishableKey = `pk_test_${btoa(new URL(issuer).host + "$")}`;
const clerk = createClerkClient({ secretKey: "sk_test_conformance", publishableKey, telemetry: { disabled: true } });

const verifiers = {
  verifyToken: (token) => verifyToken(token, options),
  authenticateRequest: async (token) => {
    const request = new Request("http://localhost/", { headers: { authorization: `Bearer ${token}` } });
    const state = await clerk.authenticateRequest(request, options);
    // `toAuth` is what applications use: it treats a pending session as signed out.
    if (!state.toAuth()?.isAuthenticated) throw new Error(state.reason);
  },
};
const accepted = (token) => verifiers[process.argv[2]](token).then(() => true, () => false);

console.log(JSON.stringify(await Promise.all(tokens.map(accepted))));
