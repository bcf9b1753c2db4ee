using Switchyard.Dispatch;
using static TorchSharp.torch;

namespace Switchyard.Experts;

/// <summary>What the speed of an executor hangs on.</summary>
public sealed record ExecutorSituation
{
    /// <summary>Kind of device: <c>cpu</c>, <c>cuda</c>, <c>mps</c>.</summary>
    public required string Device { get; init; }

    /// <summary>Type of the expert weights: <c>fp32</c>, <c>bf16</c>, <c>fp16</c>, <c>fp64</c>, or what <see cref="StoredExperts.Storage"/> calls it.</summary>
    public required string Storage { get; init; }

    /// <summary>Whether a backward pass will follow.</summary>
    public required bool Backward { get; init; }

    /// <summary>Hidden size d.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Inner size f.</summary>
    public required int InnerSize { get; init; }

    /// <summary>Experts E.</summary>
    public required int Experts { get; init; }

    /// <summary>Mean load R/E; more than 0.</summary>
    public required double RowsPerExpert { get; init; }

    /// <summary>Largest load ÷ mean load, 1 to E.</summary>
    public required double Imbalance { get; init; }

    /// <summary>The situation of a call; the plan has a row.</summary>
    /// <param name="tokens">What would be run on.</param>
    /// <param name="experts">The experts' weights.</param>
    public static ExecutorSituation Of(DispatchedTokens tokens, ExpertWeights experts)
    {
        DispatchPlan plan = tokens.Plan;
        double mean = (double)plan.Rows / plan.Experts;
        bool wanted = tokens.X.requires_grad || tokens.Weights.requires_grad || experts.parameters().Any(p => p.requires_grad);
        return new ExecutorSituation
        {
            Device = tokens.X.device_type.ToString().ToLowerInvariant(),
            Storage = experts.Stored?.Storage ?? StorageName(experts.GateUp.dtype),
            Backward = is_grad_enabled() && wanted,
            HiddenSize = experts.Options.HiddenSize,
            InnerSize = experts.Options.InnerSize,
            Experts = plan.Experts,
            RowsPerExpert = mean,
            Imbalance = plan.Counts.Max() / mean,
        };
    }

    private static string StorageName(ScalarType type) => type switch
    {
        ScalarType.Float32 => "fp32",
        ScalarType.BFloat16 => "bf16",
        ScalarType.Float16 => "fp16",
        ScalarType.Float64 => "fp64",
        _ => type.ToString(),
    };
}
