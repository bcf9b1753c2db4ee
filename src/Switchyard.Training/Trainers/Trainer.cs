using Switchyard.Metrics;
using Switchyard.Models;
using Switchyard.Training.Configuration;
using Switchyard.Training.Corpora;
using Switchyard.Training.Optimization;
using static TorchSharp.torch;

namespace Switchyard.Training.Trainers;

/// <summary>Trains a model step by step: it owns the model, the optimizer and the count of steps, and nothing else. Who calls it decides on logs, evaluations and checkpoints.</summary>
/// <remarks>A step is a function of the state and of the step's number: batches come by number, noise from torch's generator, whose state belongs to a checkpoint. A run continued from a checkpoint gives the same bits as one that was never interrupted.</remarks>
public sealed class Trainer : IDisposable
{
    /// <summary>So many non-finite steps in a row end the run.</summary>
    public const int SkippedStepsAllowed = OptimizerSteps.SkippedAllowed;

    private readonly OptimizerSteps _steps;
    private readonly TokenStream _text;

    /// <summary>Makes a model with fresh weights and an optimizer for it.</summary>
    /// <param name="config">Sizes and training options.</param>
    /// <param name="routing">Router, selector and balancer of the model.</param>
    /// <param name="text">The training batches, by number: (step · accumulation steps) + pass.</param>
    public Trainer(RunConfig config, RoutingRecipe routing, TokenStream text)
    {
        config.Training.Validate();
        Config = config;
        Routing = routing;
        _text = text;
        Model = new MoeTransformer(config.ModelOptions(routing))
        {
            ComputeType = string.Equals(config.Training.Dtype, "bf16", StringComparison.Ordinal) ? ScalarType.BFloat16 : ScalarType.Float32,
        };
        Optimizer = new AdamW(Model.named_parameters().Select(p => (p.name, p.parameter)), new AdamWOptions
        {
            Beta1 = config.Training.Beta1,
            Beta2 = config.Training.Beta2,
            WeightDecay = config.Training.WeightDecay,
            ClipNorm = config.Training.ClipNorm,
        });
        _steps = new OptimizerSteps(Optimizer, config.Training);
        random.manual_seed(config.Seed);
    }

    /// <summary>Sizes and training options.</summary>
    public RunConfig Config { get; }

    /// <summary>Router, selector and balancer of the model.</summary>
    public RoutingRecipe Routing { get; }

    /// <summary>The model.</summary>
    public MoeTransformer Model { get; }

    /// <summary>The optimizer.</summary>
    public AdamW Optimizer { get; }

    /// <summary>Steps done, skipped ones included.</summary>
    public int StepsDone { get => _steps.Done; internal set => _steps.Done = value; }

    /// <summary>Steps skipped because of a non-finite loss or gradient.</summary>
    public int SkippedSteps { get => _steps.Skipped; internal set => _steps.Skipped = value; }

    /// <summary>Steps skipped since the last that was not.</summary>
    internal int SkippedInARow { get => _steps.SkippedInARow; set => _steps.SkippedInARow = value; }

    /// <summary>Tokens of one step.</summary>
    public int StepTokens => Config.Training.BatchSequences * Config.Training.AccumulationSteps * Config.Model.SequenceLength;

    /// <summary>Does one step.</summary>
    /// <param name="observer">Listens to the routing in training; null costs nothing.</param>
    /// <exception cref="DivergenceException">The third step in a row was not finite. The weights are those of the last finite step.</exception>
    public StepResult Step(IRoutingObserver? observer = null)
    {
        Model.train();
        return _steps.Run((batch, share) => ForwardBackward(_text.Read(batch), observer, share), Model);
    }

    /// <summary>Lets the balancers settle on the text that would come next, with the weights as they are.</summary>
    public void Settle() =>
        Settling.Run(Model, Config.Training, StepsDone, number => BatchTensors.Of(_text.Read(number), Config.Model.VocabularySize).Inputs);

    /// <inheritdoc/>
    public void Dispose()
    {
        Optimizer.Dispose();
        Model.Dispose();
    }

    private BatchResult ForwardBackward(TokenBatch batch, IRoutingObserver? observer, double share)
    {
        using var scope = NewDisposeScope();
        (Tensor inputs, Tensor targets) = BatchTensors.Of(batch, Config.Model.VocabularySize);
        MoeTransformerLoss output = Model.Loss(new TransformerInput(inputs), targets, observer);
        Tensor total = output.BalanceLoss is { } balance ? output.Loss + balance : output.Loss;
        (share == 1 ? total : total * Held(share)).backward();
        return new BatchResult(output.Loss.item<float>(), TermSums.Of(output.LossTerms), output.DroppedPairs);
    }
}
