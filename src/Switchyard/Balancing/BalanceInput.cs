using Switchyard.Routing;
using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Balancing;

/// <summary>What a balancer is told of one forward pass of one layer.</summary>
/// <param name="Scores">Scores S [T, E], with gradient.</param>
/// <param name="Assignment">The assignment before any capacity policy: what was asked for.</param>
/// <param name="Context">What else is known of the tokens (mask, sequence length).</param>
public sealed record BalanceInput(Tensor Scores, Assignment Assignment, RoutingContext Context);
