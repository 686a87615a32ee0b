export default {
  experimental: { authInterrupts: true },
  rewrites: async () =>
    ["/api/user/profile", "/api/auth/sync"].map((source) => ({ source, destination: `${process.env.AKAKO_API_URL}${source}` })),
};
