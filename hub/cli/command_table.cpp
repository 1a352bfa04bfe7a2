// SPDX-License-Identifier: Apache-2.0
#include "hub/cli/command_table.hpp"

#include "hub/cli/commands.hpp"

namespace holdfast::cli {

namespace {

constexpr std::string_view kLook = "Look";
constexpr std::string_view kChange = "Change";
constexpr std::string_view kApplicationGroup = "Applications";
constexpr std::string_view kGit = "Before a commit, without a hub";
constexpr std::string_view kNodeGroup = "Nodes";
constexpr std::string_view kOther = "Other";

const PositionalSpec kTypeArgument{"KIND", Count::kOne, Completes::kType,
                                   "nodes, applications, events … or KIND/NAME"};
const PositionalSpec kNamesArgument{"NAME", Count::kMany, Completes::kName,
                                    "Of the object; several may be given"};
const PositionalSpec kApplicationArgument{"APP", Count::kOne, Completes::kApplication,
                                          "Name of the application"};
const PositionalSpec kNodeArgument{"NODE", Count::kOne, Completes::kNode, "Name of the node"};
const PositionalSpec kFolderArgument{"DIR", Count::kOne, Completes::kFolder,
                                     "Folder of manifests: what spec.source.path names"};

OptionSpec output(std::string_view words, std::string_view help) {
  return {"--output", "-o", "FORMAT", help, Completes::kWords, words};
}

std::vector<CommandSpec> look_commands() {
  return {
      {"get",
       kLook,
       "List objects, or show some by name",
       "holdfast get nodes -l role=camera -o wide",
       {kTypeArgument, kNamesArgument},
       {{"--selector", "-l", "SELECTOR", "Only those with these labels: role=camera,site in (a,b),!old"},
        {"--field-selector", "", "SELECTOR", "Only those with these fields: involvedObject.name=cameras"},
        {"--node", "", "NODE", "Resources: of this node", Completes::kNode},
        {"--application", "", "APP", "Resources: of this application", Completes::kApplication},
        output("table wide json yaml name", "table, wide, json, yaml or name"),
        {"--watch", "-w", "", "Go on and show every change"}},
       run_get},
      {"describe",
       kLook,
       "Tell all about objects: state, conditions, nodes, last events",
       "holdfast describe application cameras",
       {kTypeArgument, kNamesArgument},
       {},
       run_describe},
      {"why",
       kLook,
       "Tell why a resource is as it is: commit, file and line, what blocks it, what happens next",
       "holdfast why node-1 File/motd",
       {kNodeArgument, {"KIND/NAME", Count::kOne, Completes::kNothing, "The resource, such as File/motd"}},
       {output("text json", "text or json")},
       run_why},
  };
}

std::vector<CommandSpec> change_commands() {
  return {
      {"apply",
       kChange,
       "Create or change objects as files say",
       "holdfast apply -f cameras.yaml",
       {},
       {{"--filename",
         "-f",
         "FILE",
         "File of YAML or JSON documents; - is standard input; may be given again",
         Completes::kFile,
         {},
         true}},
       run_apply},
      {"delete",
       kChange,
       "Delete objects",
       "holdfast delete application cameras",
       {kTypeArgument, kNamesArgument},
       {},
       run_delete},
      {"edit",
       kChange,
       "Change an object in your editor (EDITOR)",
       "EDITOR=nano holdfast edit application cameras",
       {kTypeArgument, {"NAME", Count::kOptional, Completes::kName, "Of the object"}},
       {},
       run_edit},
      {"label",
       kChange,
       "Set labels (k=v) and take them away (k-)",
       "holdfast label node node-1 role=camera spare-",
       {kTypeArgument,
        {"NAME", Count::kMany, Completes::kName, "Of the object, then k=v or k- for each label"}},
       {{"--overwrite", "", "", "For kubectl's sake: labels that are there are always overwritten"}},
       run_label},
      {"token create",
       kChange,
       "Make a token with which machines enrol; prints the line to paste there",
       "holdfast token create --ttl 1h --label role=camera --uses 3",
       {},
       {{"--ttl", "", "DURATION", "How long it can be used; 1h unless given"},
        {"--label",
         "",
         "K=V",
         "Label of the nodes that enrol with it; may be given again",
         Completes::kNothing,
         {},
         true},
        {"--uses", "", "N", "How many machines may enrol with it; 1 unless given"},
        {"--replace", "", "NODE", "New hardware for a node: takes over its name and labels, and cuts it off",
         Completes::kNode},
        {"--serials", "", "FILE", "Only machines with these hardware serials or fingerprints, one a line",
         Completes::kFile},
        {"--approve", "", "", "The machine waits until a person says yes: holdfast approve NODE"},
        output("text json", "text or json")},
       run_token_create},
      {"approve",
       kChange,
       "Let a machine in that waits for it, a node back in that was cut off as a clone, or a restored hub go "
       "on",
       "holdfast approve node-1",
       {kNodeArgument},
       {},
       run_approve},
  };
}

std::vector<CommandSpec> application_commands() {
  const OptionSpec timeout{"--timeout", "", "DURATION", "How long to wait; 60s unless given"};
  return {
      {"sync",
       kApplicationGroup,
       "Fetch now, and let the newest commit come into force",
       "holdfast sync cameras",
       {kApplicationArgument},
       {{"--revision", "", "REV", "Branch, tag or commit instead of spec.source.targetRevision"},
        {"--confirm-prune", "", "", "Allow the deletes that are due now beyond maxPrune"},
        timeout},
       run_sync},
      {"wait",
       kApplicationGroup,
       "Wait until something holds; exit code 3 when it does not in time",
       "holdfast wait cameras --for synced --for healthy --timeout 2m",
       {kApplicationArgument},
       {{"--for", "", "STATE", "synced or healthy; may be given again", Completes::kWords, "synced healthy",
         true},
        timeout},
       run_wait},
      {"diff",
       kApplicationGroup,
       "Show what the newest commit would change on the nodes; exit code 3 when anything",
       "holdfast diff cameras",
       {kApplicationArgument},
       {output("text json", "text or json")},
       run_diff},
      {"history",
       kApplicationGroup,
       "List the revisions that were in force",
       "holdfast history cameras",
       {kApplicationArgument},
       {output("table json", "table or json")},
       run_history},
      {"rollback",
       kApplicationGroup,
       "Go back to a revision of the history, until the next sync",
       "holdfast rollback cameras 3f2a91c",
       {kApplicationArgument, {"REV", Count::kOne, Completes::kNothing, "The commit, or how it begins"}},
       {},
       run_rollback},
  };
}

/// Its place is taken, and it says that it is not there yet.
CommandSpec later(std::string_view name, std::string_view group, std::string_view example) {
  return {name, group, "(not part of this release yet)", example, {}, {}, run_later, true};
}

std::vector<CommandSpec> rollout_commands() {
  return {
      {"rollout status",
       kApplicationGroup,
       "Show how far a revision has come; exit code 3 while nodes lack it",
       "holdfast rollout status cameras",
       {kApplicationArgument},
       {output("text json", "text or json")},
       run_rollout_status},
      later("rollout pause", kApplicationGroup, "holdfast rollout pause cameras"),
      later("rollout resume", kApplicationGroup, "holdfast rollout resume cameras"),
      later("rollout promote", kApplicationGroup, "holdfast rollout promote cameras"),
      later("rollout abort", kApplicationGroup, "holdfast rollout abort cameras"),
  };
}

std::vector<CommandSpec> git_commands() {
  const OptionSpec node{"--node", "", "FILE",
                        "Node to render for: what `holdfast get node NAME -o yaml` prints", Completes::kFile};
  const OptionSpec name{"--app", "", "NAME",
                        "What templates read as .app.name; the folder's name unless given"};
  const OptionSpec plain{"--allow-plain-secrets", "", "",
                         "Its project allows plain Secrets (spec.allowPlainSecrets)"};
  return {
      {"render",
       kGit,
       "Show what a node would get from a folder of manifests",
       "holdfast render apps/cameras --node node.yaml -o json",
       {kFolderArgument},
       {node, name, plain, output("yaml json table", "yaml, json or table")},
       run_render},
      {"validate",
       kGit,
       "Check a folder of manifests; exit code 1 with file and line of each finding",
       "holdfast validate apps/cameras",
       {kFolderArgument},
       {node, name, plain, output("table json yaml", "table, json or yaml")},
       run_validate},
      later("plan", kGit, "holdfast plan apps/cameras --against cameras"),
      {"seal",
       kGit,
       "Seal a Secret to the hub, so that it is safe to commit",
       "holdfast seal -f secret.yaml > apps/shop/db.yaml",
       {},
       {{"--filename",
         "-f",
         "FILE",
         "File of v1 Secrets; - is standard input; may be given again",
         Completes::kFile,
         {},
         true},
        {"--key", "", "KEY", "The hub's sealing public key, or a file with it; without it the hub is asked"},
        output("yaml json", "yaml or json")},
       run_seal},
      later("image", kGit, "holdfast image build"),
  };
}

std::vector<CommandSpec> node_commands() {
  return {
      {"logs",
       kNodeGroup,
       "Show what the processes and containers of a node have written",
       "holdfast logs node-1 Process/web --since 1h -f",
       {kNodeArgument,
        {"KIND/NAME", Count::kOptional, Completes::kNothing,
         "Of one alone, such as Process/web or Deployment/web"}},
       {{"--container", "-c", "NAME", "Only this container of a pod"},
        {"--since", "", "DURATION", "Only what is newer: 1h, or a time (RFC 3339)"},
        {"--tail", "", "N", "Only the last lines"},
        {"--follow", "-f", "", "Go on and show what comes"},
        {"--timestamps", "", "", "Show the time of each line"},
        output("text json", "text, or one JSON object a line")},
       run_logs},
      {"diagnose",
       kNodeGroup,
       "Ask a node for all that it knows of itself",
       "holdfast diagnose node-1",
       {kNodeArgument},
       {output("yaml json", "yaml or json")},
       run_diagnose},
  };
}

std::vector<CommandSpec> other_commands() {
  return {
      {"version",
       kOther,
       "Show the version of this program, and of the hub where there is one",
       "holdfast version",
       {},
       {output("text json", "text or json")},
       run_version},
      {"completion",
       kOther,
       "Print a script that completes commands and names in your shell",
       "source <(holdfast completion bash)",
       {{"SHELL", Count::kOne, Completes::kWords, "bash or zsh", "bash zsh"}},
       {},
       run_completion},
  };
}

std::vector<CommandSpec> all_commands() {
  std::vector<CommandSpec> out;
  for (auto part : {look_commands(), change_commands(), application_commands(), rollout_commands(),
                    git_commands(), node_commands(), other_commands()}) {
    for (auto& command : part) out.push_back(std::move(command));
  }
  return out;
}

}  // namespace

std::span<const CommandSpec> commands() {
  static const std::vector<CommandSpec> kCommands = all_commands();
  return kCommands;
}

std::string_view group_summary(std::string_view first_word) {
  return first_word == "token" ? "Tokens with which machines enrol" : "How revisions reach the nodes";
}

}  // namespace holdfast::cli
