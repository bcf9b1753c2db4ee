using Switchyard.Models;
using Switchyard.Training.Configuration;
using Switchyard.Training.Optimization;
using static TorchSharp.torch;

namespace Switchyard.Training.Trainers;

/// <summary>Optimizer steps, whatever is trained: gradients of several batches are gathered, a step that is not finite is skipped and counted, and three in a row end the run.</summary>
/// <param name="optimizer">Holds what is trained.</param>
/// <param name="training">Schedule and batches of a step.</param>
internal sealed class OptimizerSteps(AdamW optimizer, TrainingOptions training)
{
    /// <summary>So many non-finite steps in a row end the run.</summary>
    public const int SkippedAllowed = 3;

    private readonly LearningRateSchedule _schedule = training.LearningRateSchedule();

    /// <summary>Adds the gradients of a batch, of a given number, times its share in the step.</summary>
    public delegate BatchResult BatchPass(long batch, double share);

    /// <summary>Steps done, skipped ones included.</summary>
    public int Done { get; set; }

    /// <summary>Steps skipped because of a non-finite loss or gradient.</summary>
    public int Skipped { get; set; }

    /// <summary>Steps skipped since the last that was not.</summary>
    public int SkippedInARow { get; set; }

    /// <summary>Does one step.</summary>
    /// <param name="pass">Adds the gradients of a batch, of a given number, times its share in the step.</param>
    /// <param name="model">Told whether its weights have changed.</param>
    /// <exception cref="DivergenceException">The third step in a row was not finite. The weights are those of the last finite step.</exception>
    public StepResult Run(BatchPass pass, MoeTransformer model)
    {
        using var scope = NewDisposeScope();
        double rate = training.LearningRate * _schedule.Factor(Done);
        (double loss, long drops) = (0, 0);
        TermSums terms = new();
        for (int micro = 0; micro < training.AccumulationSteps; micro++)
        {
            BatchResult batch = pass(((long)Done * training.AccumulationSteps) + micro, 1.0 / training.AccumulationSteps);
            loss += batch.Loss / training.AccumulationSteps;
            terms.Add(batch.AuxiliaryTerms);
            drops += batch.Drops;
        }

        IReadOnlyDictionary<string, double> auxiliary = terms.Times(1.0 / training.AccumulationSteps);
        double norm = double.IsFinite(loss + auxiliary.Values.Sum()) ? optimizer.GradientNorm() : double.NaN;
        bool skipped = !double.IsFinite(norm);
        if (skipped)
        {
            Skipped++;
            SkippedInARow++;
            model.DropStep();
        }
        else
        {
            SkippedInARow = 0;
            optimizer.Step(rate, norm);
            model.AfterStep();
        }

        optimizer.ZeroGradients();
        Done++;
        return SkippedInARow < SkippedAllowed
            ? new StepResult(loss, auxiliary, norm, rate, drops, skipped)
            : throw new DivergenceException($"the loss or gradient of {SkippedAllowed} steps in a row (the last is {Done}) was not finite; a lower learning rate than {training.LearningRate} may help");
    }
}
