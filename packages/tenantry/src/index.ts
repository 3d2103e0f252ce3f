export {
  type ProblemDetails,
  type ProblemOptions,
  type ProblemResponse,
  problem,
} from './adapters/http/problem.js';
export type { ListOptions, TenantPage } from './catalog/catalog.js';
export type { Bound, CurrentTenant } from './context/context.js';
export type { IsolationLevel, Parameter, Row } from './engine/connection.js';
export { redact, redactValue } from './errors/redact.js';
export { tenancyErrorOf } from './errors/tenancy-error-of.js';
export * from './errors.js';
export type { Adoption, AdoptTenant, ChangeTenant, CreateTenant, Tenants } from './fleet/tenants.js';
export type { Health, PartHealth, ServerStats, Stats } from './health.js';
export type {
  CloseReason,
  EventListener,
  EventName,
  ServerEvent,
  TenancyEvents,
  TenantEvent,
} from './observe/events.js';
export type { CredentialsOf, LimitsOf, TenantCredentials, TenantLimits } from './options/per-tenant.js';
export type { CacheOptions, ServerOptions, TenancyOptions, TimeoutOptions } from './options.js';
export type { PoolStats, PoolTotals } from './pool/stats.js';
export type { TenantStats, TenantsStats } from './pool/tenant-stats.js';
export type { TenantTotals } from './pool/tenant-turns.js';
export type { ClientLease, ClientOptions, Clients } from './session/clients.js';
export type { RunOptions } from './session/runs.js';
export type {
  CallOptions,
  ExecuteResult,
  Executor,
  Session,
  TransactionOptions,
  Transactor,
} from './session/session.js';
export type { WarmUp } from './session/warm-up.js';
export {
  type CloseOptions,
  checkHealth,
  createTenancy,
  type Tenancy,
} from './tenancy.js';
export { isTenantName } from './tenant/name.js';
export type { TenantRef } from './tenant/ref.js';
export type {
  Identity,
  IdentityCheck,
  Isolation,
  Placement,
  Route,
  Tenant,
  TenantMetadata,
  TenantStatus,
} from './tenant/tenant.js';
