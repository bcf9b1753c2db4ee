using Switchyard.Training.Results;
using TorchSharp;
using TorchSharp.Modules;

namespace Switchyard.Training.Runs;

/// <summary>Writes the logged steps as TensorBoard events into the run folder.</summary>
internal sealed class TensorBoardLog : IDisposable
{
    private readonly SummaryWriter _writer;

    public TensorBoardLog(string folder) => _writer = torch.utils.tensorboard.SummaryWriter(folder, createRunName: false);

    public void Write(HistoryPoint point)
    {
        Scalar("loss/train", point.Loss);
        Scalar("loss/auxiliary", point.AuxiliaryLoss);
        foreach ((string name, double value) in point.AuxiliaryTerms)
        {
            Scalar($"auxiliary/{name}", value);
        }

        if (point.TestLoss is { } test)
        {
            Scalar("loss/test", test);
        }

        Scalar("learning-rate", point.LearningRate);
        Scalar("gradient-norm", point.GradientNorm);
        Scalar("tokens-per-second", point.TokensPerSecond);
        Scalar("drops", point.Drops);
        for (int layer = 0; layer < point.Gini.Count; layer++)
        {
            Scalar($"gini/layer-{layer}", point.Gini[layer]);
            Scalar($"min-max/layer-{layer}", point.MinMax[layer]);
        }

        void Scalar(string tag, double value) => _writer.add_scalar(tag, (float)value, point.Step);
    }

    public void Dispose() => (_writer as IDisposable)?.Dispose();
}
