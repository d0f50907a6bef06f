// Simulate IAM's decisions: for each line of JSON {policies, requests} on standard input, print a line of decisions.
// A policy is a list of documents; a request is {policy, action, resource, context, unlisted}. `unlisted` is for a
// resource type that AWS checks although its reference does not list it for the action. A decision is {decision,
// ignored, error}; `ignored` are the context keys that the reference does not list for the action and resource.
import { createInterface } from "node:readline";
import { runSimulation, runUnsafeSimulation } from "@cloud-copilot/iam-simulate";

const accountId = "123456789012";

async function decide(policies, { policy, action, resource, context, unlisted }) {
  const simulation = {
    request: {
      principal: `arn:aws:iam::${accountId}:role/somebody`,
      action,
      resource: { resource, accountId },
      contextVariables: context,
    },
    identityPolicies: policies[policy].map((document, index) => ({ name: `${policy}-${index}`, policy: document })),
    serviceControlPolicies: [],
    resourceControlPolicies: [],
  };
  if (unlisted) {
    return { decision: await runUnsafeSimulation(simulation, {}), ignored: [] };
  }
  const result = await runSimulation(simulation, {});
  return {
    decision: result.overallResult,
    ignored: result.result?.ignoredContextKeys ?? [],
    error: result.errors && JSON.stringify(result.errors),
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  const { policies, requests } = JSON.parse(line);
  console.log(JSON.stringify(await Promise.all(requests.map((request) => decide(policies, request)))));
}
