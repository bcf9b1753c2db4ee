using Switchyard.Models;
using Switchyard.Training.Configuration;
using static TorchSharp.torch;

namespace Switchyard.Training.Trainers;

/// <summary>What comes after the last step: passes over text with the weights as they are, in which the balancers alone go on. A balancer that averages over batches then averages over one router, not over a router on its way.</summary>
internal static class Settling
{
    /// <summary>Whether a model has balancers that get better by it.</summary>
    public static bool Helps(MoeTransformer model) => model.MoeLayers.Any(l => l.Balancer.Settles);

    /// <summary>Runs as many passes as the options say, but no more than there were in training, over the text that would come next.</summary>
    /// <param name="model">The model.</param>
    /// <param name="training">How it was trained.</param>
    /// <param name="steps">Steps done.</param>
    /// <param name="inputs">Tokens [B, N] of a batch, by number.</param>
    public static void Run(MoeTransformer model, TrainingOptions training, int steps, Func<long, Tensor> inputs)
    {
        long done = (long)steps * training.AccumulationSteps;
        Run(model, (int)Math.Min(training.SettleBatches, done), pass => inputs(done + pass));
    }

    /// <summary>Runs the passes; the model is in training during the call and as before after it.</summary>
    /// <param name="model">The model.</param>
    /// <param name="batches">How many.</param>
    /// <param name="inputs">Tokens [B, N] of a pass, by number.</param>
    public static void Run(MoeTransformer model, int batches, Func<int, Tensor> inputs)
    {
        if (batches <= 0 || !Helps(model))
        {
            return;
        }

        bool wasTraining = model.training;
        model.train();
        All(on: true);
        try
        {
            for (int pass = 0; pass < batches; pass++)
            {
                using var scope = NewDisposeScope();
                using var quiet = no_grad();
                model.Encode(new TransformerInput(inputs(pass)));
            }
        }
        finally
        {
            All(on: false);
            model.train(wasTraining);
        }

        void All(bool on)
        {
            foreach (MoeLayer layer in model.MoeLayers)
            {
                layer.Balancer.Settle(on);
            }
        }
    }
}
