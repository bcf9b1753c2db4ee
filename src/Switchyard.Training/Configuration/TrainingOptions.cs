using Switchyard.Training.Optimization;

namespace Switchyard.Training.Configuration;

/// <summary>How a model is trained.</summary>
public sealed record TrainingOptions
{
    /// <summary>Optimizer steps S.</summary>
    public int Steps { get; init; } = 200;

    /// <summary>Sequences of one forward pass, B.</summary>
    public int BatchSequences { get; init; } = 8;

    /// <summary>Forward passes of one step; the gradient is their mean.</summary>
    public int AccumulationSteps { get; init; } = 1;

    /// <summary>Peak learning rate.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Shape of the schedule.</summary>
    public ScheduleKind Schedule { get; init; } = ScheduleKind.WarmupStableDecay;

    /// <summary>Share of the steps spent warming up.</summary>
    public double WarmupShare { get; init; } = 0.05;

    /// <summary>Share of the steps spent on the final decay of warm-up–stable–decay.</summary>
    public double DecayShare { get; init; } = 0.3;

    /// <summary>Floor of the learning rate, as a share of its peak.</summary>
    public double LearningRateFloor { get; init; }

    /// <summary>Decoupled weight decay of matrices.</summary>
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>Decay β₁ of the optimizer.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay β₂ of the optimizer.</summary>
    public double Beta2 { get; init; } = 0.95;

    /// <summary>Largest gradient norm; 0 for no clipping.</summary>
    public double ClipNorm { get; init; } = 1;

    /// <summary>Type of the products of the forward pass: <c>fp32</c> or <c>bf16</c>.</summary>
    public string Dtype { get; init; } = "fp32";

    /// <summary>A line is logged every so many steps.</summary>
    public int LogEvery { get; init; } = 10;

    /// <summary>Held-out loss is measured every so many steps, and at the end; 0 for the end only.</summary>
    public int EvaluateEvery { get; init; }

    /// <summary>Held-out tokens of an evaluation.</summary>
    public int EvaluateTokens { get; init; } = 65_536;

    /// <summary>A checkpoint is written every so many steps, and at the end; 0 for the end only.</summary>
    public int CheckpointEvery { get; init; }

    /// <summary>Checkpoints kept.</summary>
    public int KeepCheckpoints { get; init; } = 2;

    /// <summary>Passes after the last step with the weights as they are, for balancers that average over batches (<c>dual</c>); no more than there were in training. 0 for none.</summary>
    public int SettleBatches { get; init; } = 64;

    /// <summary>The schedule of the learning rate.</summary>
    public LearningRateSchedule LearningRateSchedule() => new()
    {
        Kind = Schedule,
        Steps = Steps,
        WarmupSteps = (int)Math.Round(Steps * WarmupShare),
        DecaySteps = (int)Math.Round(Steps * DecayShare),
        Floor = LearningRateFloor,
    };

    /// <summary>Checks the values.</summary>
    /// <exception cref="ConfigurationException">One is out of range.</exception>
    public void Validate()
    {
        Require(Steps > 0, "steps", Steps, "be positive");
        Require(BatchSequences > 0, "batchSequences", BatchSequences, "be positive");
        Require(AccumulationSteps > 0, "accumulationSteps", AccumulationSteps, "be positive");
        Require(LearningRate > 0 && double.IsFinite(LearningRate), "learningRate", LearningRate, "be positive");
        Require(WarmupShare is >= 0 and <= 1, "warmupShare", WarmupShare, "lie in [0, 1]");
        Require(DecayShare is >= 0 and <= 1, "decayShare", DecayShare, "lie in [0, 1]");
        Require(LearningRateFloor is >= 0 and <= 1, "learningRateFloor", LearningRateFloor, "lie in [0, 1]");
        Require(WeightDecay >= 0, "weightDecay", WeightDecay, "not be negative");
        Require(Beta1 is >= 0 and < 1, "beta1", Beta1, "lie in [0, 1)");
        Require(Beta2 is >= 0 and < 1, "beta2", Beta2, "lie in [0, 1)");
        Require(ClipNorm >= 0, "clipNorm", ClipNorm, "not be negative");
        Require(SettleBatches >= 0, "settleBatches", SettleBatches, "not be negative");
        Require(LogEvery > 0, "logEvery", LogEvery, "be positive");
        Require(EvaluateEvery >= 0, "evaluateEvery", EvaluateEvery, "not be negative");
        Require(EvaluateTokens > 0, "evaluateTokens", EvaluateTokens, "be positive");
        Require(CheckpointEvery >= 0, "checkpointEvery", CheckpointEvery, "not be negative");
        Require(KeepCheckpoints > 0, "keepCheckpoints", KeepCheckpoints, "be positive");
        if (Dtype is not ("fp32" or "bf16"))
        {
            throw new ConfigurationException($"dtype is '{Dtype}'; it must be fp32 or bf16");
        }
    }

    private static void Require(bool condition, string name, double value, string must)
    {
        if (!condition)
        {
            throw new ConfigurationException($"{name} is {value}; it must {must}");
        }
    }
}
