// SPDX-License-Identifier: Apache-2.0
#include "hub/strangers.hpp"

#include "base/log.hpp"
#include "hub/readmission.hpp"
#include "sync/wire/frame.hpp"

namespace holdfast::hub {

using base::Status;

bool Strangers::is_welcome(const sync::NodeUid& uid) const {
  return context_.options.readmission != nullptr && context_.options.readmission->is_open_for(uid);
}

void Strangers::on_message(const sync::NodeUid& uid, std::string_view payload) {
  const auto no_base = [](sync::FrameType, std::string_view) { return std::optional<std::string>(); };
  const auto decoded = sync::decode_frame(payload, no_base);
  const auto* frame = decoded ? std::get_if<sync::Frame>(&*decoded) : nullptr;
  if (frame == nullptr || frame->type != sync::FrameType::kProof) {
    questions_[uid] = sync::Report{.proof = true};
    return;
  }
  constexpr const char* kNotTakenBack = "a node that is not known was not taken back";
  if (const auto taken = on_proof(uid, frame->body); !taken)
    base::log::failure(kNotTakenBack, uid.str(), taken.error());
}

Status Strangers::on_proof(const sync::NodeUid& uid, std::string_view body) {
  HF_TRY(const auto proof, sync::decode_proof(body));
  HF_CHECK(context_.options.readmission->admit(uid, proof.name));
  // By the time it answers its Node is known here.
  questions_[uid] = sync::Report{.snapshot = true, .abilities = true};
  return {};
}

bool Strangers::pump() {
  while (!questions_.empty()) {
    const auto question = questions_.begin();
    if (!ask_(question->first, question->second)) return false;
    questions_.erase(question);
  }
  return true;
}

}  // namespace holdfast::hub
