using Switchyard.Training.Corpora;
using Switchyard.Training.Results;
using Switchyard.Training.Upcycling;

namespace Switchyard.Training.Characterizing;

/// <summary>The checkpoint with experts: the model itself, or a temporary folder beside the output with what the dense model was upcycled to, which goes when this is disposed.</summary>
internal sealed class UpcycledFolder : IDisposable
{
    private readonly string? _temporary;

    private UpcycledFolder(string path, string? temporary, double? denseLoss)
    {
        Path = path;
        _temporary = temporary;
        DenseLoss = denseLoss;
    }

    /// <summary>The checkpoint's folder.</summary>
    public string Path { get; }

    /// <summary>Loss of the dense model, nats a token; null where there was none.</summary>
    public double? DenseLoss { get; }

    /// <summary>Upcycles where the configuration says so, and judges the dense model.</summary>
    /// <exception cref="ConfigurationException">The model cannot be given these experts.</exception>
    public static UpcycledFolder Of(CharacterizeConfig config, string output, ICorpus judge, MachineInfo machine, CancellationToken cancellation)
    {
        if (config.Upcycle is null)
        {
            return new UpcycledFolder(config.Reroute.Model, null, null);
        }

        // The same name each time: what a killed run has left is replaced.
        string temporary = $"{System.IO.Path.TrimEndingDirectorySeparator(output)}.upcycled.tmp";
        Remove(temporary);
        try
        {
            UpcycleResult result = UpcycleRun.Run(
                new UpcycleRequest { Model = config.Reroute.Model, Output = temporary, Options = config.Upcycle, Judge = judge, Context = config.JudgeContext, MaxTokens = config.MaxTokens ?? long.MaxValue },
                machine,
                cancellation: cancellation);
            return new UpcycledFolder(temporary, temporary, result.Before.Loss);
        }
        catch
        {
            Remove(temporary);
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Remove(_temporary);

    private static void Remove(string? folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
