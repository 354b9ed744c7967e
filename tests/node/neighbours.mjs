// Drives the stand-ins of Vercel, GitHub and Sentry with those vendors' own libraries, which check what they are
// answered (Vercel's by a schema of every reply). Prints what each call gave; the first that fails ends it.
import { Octokit } from "@octokit/rest";
import { retrieveEventCountsForAProject } from "@sentry/api";
import { Vercel } from "@vercel/sdk";

const { url, vercel, github, sentry } = JSON.parse(process.argv[2]);
const gave = {};

const site = new Vercel({ bearerToken: vercel.token, serverURL: `${url}/vercel` });
const idOrName = vercel.project;
const variable = { key: "MAINTENANCE_MODE", value: "1", type: "plain", target: ["production"] };
gave.running = (await site.projects.getProject({ idOrName })).targets.production.id;
await site.projects.createProjectEnv({ idOrName, upsert: "true", requestBody: variable });
const [{ id }] = (await site.projects.filterProjectEnvs({ idOrName })).envs;
gave.value = (await site.projects.getProjectEnv({ idOrName, id })).value;
const made = await site.deployments.createDeployment({
  forceNew: "1",
  requestBody: { name: idOrName, deploymentId: gave.running, target: "production", meta: { by: "the SDK" } },
});
gave.state = (await site.deployments.getDeployment({ idOrUrl: made.id })).readyState;
const { deployments } = await site.deployments.getDeployments({ projectId: idOrName, target: "production", limit: 5 });
gave.newest = deployments[0].meta;
const edited = { target: ["production", "preview"] };
gave.target = (await site.projects.editProjectEnv({ idOrName, id, requestBody: edited })).target;
await site.projects.removeProjectEnv({ idOrName, id });
gave.left = (await site.projects.filterProjectEnvs({ idOrName })).envs.length;

const { actions } = new Octokit({ auth: github.token, baseUrl: `${url}/github` });
const [owner, repo] = github.repository.split("/");
const workflow = { owner, repo, workflow_id: github.workflow };
const started = await actions.createWorkflowDispatch({ ...workflow, ref: "main", return_run_details: true });
const run_id = started.data.workflow_run_id;
const { data: runs } = await actions.listWorkflowRuns({ ...workflow, event: "workflow_dispatch" });
gave.listed = runs.workflow_runs.some((run) => run.id === run_id);
const { data: jobs } = await actions.listJobsForWorkflowRun({ owner, repo, run_id });
gave.log = (await actions.downloadJobLogsForWorkflowRun({ owner, repo, job_id: jobs.jobs[0].id })).data.length > 0;
gave.cancelled = (await actions.cancelWorkflowRun({ owner, repo, run_id })).status;
gave.conclusion = (await actions.getWorkflowRun({ owner, repo, run_id })).data.conclusion;

const { data: points } = await retrieveEventCountsForAProject({
  baseUrl: `${url}/sentry`,
  headers: { Authorization: `Bearer ${sentry.token}` },
  path: { organization_id_or_slug: sentry.organization, project_id_or_slug: sentry.project },
  query: { stat: "generated", resolution: "10s", since: "1771597800", until: "1771597859" },
});
gave.moments = points.map(([moment]) => moment);
console.log(JSON.stringify(gave));
