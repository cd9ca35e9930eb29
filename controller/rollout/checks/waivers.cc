// Promise 2: what would block goes on only where an operator waived it by name.
#include <algorithm>

#include "controller/rollout/checks/checks.h"

namespace drover::rollout {
namespace {

const Waiver* WaiverOf(const PlanRequest& request, const std::string& id) {
  for (const Waiver& waiver : request.waivers) {
    if (waiver.check == id) return &waiver;
  }
  return nullptr;
}

const Check* CheckNamed(const std::string& id) {
  const auto& all = AllChecks();
  const auto it = std::find_if(all.begin(), all.end(), [&](const Check& c) { return id == c.id; });
  return it == all.end() ? nullptr : &*it;
}

Status CheckWaiver(const Waiver& waiver) {
  const Check* check = CheckNamed(waiver.check);
  if (check == nullptr) {
    return InvalidArgument("there is no check " + waiver.check +
                           " to waive; drover cluster check --list names all");
  }
  if (*check->not_waivable != '\0') {
    return InvalidArgument(waiver.check + " (" + check->title +
                           ") cannot be waived: " + check->not_waivable);
  }
  if (waiver.reason.empty()) {
    return InvalidArgument("why is " + waiver.check + " waived? Say it for the record: --reason");
  }
  return OkStatus();
}

}  // namespace

Status CheckWaivers(const std::vector<Waiver>& waivers) {
  for (const Waiver& waiver : waivers) DROVER_RETURN_IF_ERROR(CheckWaiver(waiver));
  return OkStatus();
}

CheckResult Judge(const Check& check, const Finding& finding, const PlanRequest& request) {
  CheckResult result;
  result.id = check.id;
  result.title = check.title;
  result.verdict = finding.verdict;
  result.evidence = finding.evidence;
  result.remedy = finding.remedy;
  const Waiver* waiver = WaiverOf(request, check.id);
  if (waiver == nullptr) return result;
  if (finding.verdict != Verdict::kBlock) {
    result.verdict = Verdict::kWarn;
    result.evidence += "; it was waived by " + waiver->by + " and does not block";
    result.remedy = "leave --waive " + result.id + " away";
  } else if (!finding.final_because.empty()) {
    result.remedy += "; --waive does not help here: " + finding.final_because;
  } else {
    result.verdict = Verdict::kWaived;
    result.waived_by = waiver->by;
    result.waived_reason = waiver->reason;
  }
  return result;
}

}  // namespace drover::rollout
