#pragma once

#include "model/engine/conversation.hpp"
#include "model/engine/generation.hpp"
#include "model/engine/scoring.hpp"
#include "model/engine/speaker.hpp"
#include "model/white_box.hpp"

namespace lyceum::model {

class EngineWhiteBox final : public WhiteBox {
 public:
  /// Borrows the speaker.
  EngineWhiteBox(SpeakerParts parts, const Speaker& speaker) : parts_(std::move(parts)), speaker_(speaker) {}

  Task<Result<Support>> measure_support(SupportRequest request) override;
  Task<Result<Explained>> explain(ExplainRequest request) override;
  Task<Result<Explained>> explain_trace(TraceRequest request) override;
  std::uint32_t experts_max() const override;

 private:
  Result<std::vector<ScoreRequest>> masked_requests(const SupportRequest& request) const;
  Result<TraceJobRequest> job_for(const TraceRequest& request) const;
  ExplainedToken explained_of(const SampledToken& sampled, TokenView shown, double conflict) const;
  /// What is known only with all tokens.
  void finish(Explained& explained) const;
  RankedText ranked(TokenId token, double logprob) const;
  Result<GenerationRequest> generation_for(const ExplainRequest& request) const;
  std::vector<PositionRange> positions_of(const std::vector<std::string>& sources,
                                          std::span<const TokenId> prompt) const;
  Result<RoutingControls> routing_for(const ExpertControls& controls) const;

  SpeakerParts parts_;
  const Speaker& speaker_;
};

}  // namespace lyceum::model
