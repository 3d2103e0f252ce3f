// What `npx tenantry` works on when it is run here: the quickstart's installation.
// TENANTRY_URL or --catalog point it at another one.
export default {
  catalog: 'sqlite:./data',
  provision: './examples/quickstart/schema.sql',
};
