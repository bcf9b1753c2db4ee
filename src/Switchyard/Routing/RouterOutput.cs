using TorchSharp;

namespace Switchyard.Routing;

/// <summary>What a router makes of T hidden states. Routers with more to tell (a latent code, for their own loss) derive from it.</summary>
public class RouterOutput
{
    /// <summary>Makes the output of a router.</summary>
    /// <param name="scores">Scores S [T, E], logits, fp32 (double if the input is double).</param>
    /// <param name="residual">Added to the hidden states that the experts see, [T, d]; null for nothing.</param>
    public RouterOutput(torch.Tensor scores, torch.Tensor? residual = null)
    {
        Scores = scores;
        Residual = residual;
    }

    /// <summary>Scores S [T, E].</summary>
    public torch.Tensor Scores { get; }

    /// <summary>What is added to the hidden states that the experts see, [T, d]; null for nothing.</summary>
    public torch.Tensor? Residual { get; }
}
