using System.Numerics.Tensors;
using Switchyard.Peers.Results;

namespace Switchyard.Peers.Models;

/// <summary>Times a model through Switchyard and llama.cpp in turn.</summary>
/// <param name="options">How both run.</param>
/// <param name="prompt">Tokens of a prompt.</param>
/// <param name="decode">Tokens after it.</param>
/// <param name="rounds">Measurements of each, after one that warms up.</param>
internal sealed class ModelComparison(WorkerOptions options, int prompt, int decode, int rounds)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Opens both, compares their logits, and times them.</summary>
    /// <param name="type"><c>bf16</c>, <c>int8</c> or <c>int4</c>.</param>
    /// <param name="checkpoint">Our folder.</param>
    /// <param name="gguf">llama.cpp's file.</param>
    /// <param name="peerDense">Type of the file's other matrices.</param>
    public ModelRow Run(string type, string checkpoint, string gguf, string peerDense)
    {
        using WorkerProcess ours = new("switchyard", checkpoint, options);
        using WorkerProcess peer = new("llama", gguf, options);
        WorkerProcess[] workers = [ours, peer];
        List<double>[] prompts = [[], []], decodes = [[], []];
        double difference = 0;
        bool same = false;
        for (int round = -1; round < rounds; round++)
        {
            foreach (int i in round % 2 == 0 ? [0, 1] : new[] { 1, 0 })
            {
                // Threads that spin after the last work have gone to sleep by then.
                Thread.Sleep(Pause);
                double first = workers[i].Prompt(round + 2, prompt);
                double rest = workers[i].Decode(round + 1002, decode);
                if (round >= 0)
                {
                    prompts[i].Add(prompt / first * 1000);
                    decodes[i].Add(decode / rest * 1000);
                }
            }

            if (round < 0)
            {
                (difference, same) = Compare(ours.Logits(), peer.Logits());
            }
        }

        return new ModelRow
        {
            Type = type,
            PeerDense = peerDense,
            Open = new Figure(ours.OpenMilliseconds, peer.OpenMilliseconds),
            Megabytes = new Figure(ours.Megabytes(), peer.Megabytes()),
            Prompt = new Figure(Median.Of(prompts[0]), Median.Of(prompts[1])),
            Decode = new Figure(Median.Of(decodes[0]), Median.Of(decodes[1])),
            LogitDifference = difference,
            SameToken = same,
            Engines = [ours.Description, peer.Description],
        };
    }

    private static (double Difference, bool Same) Compare(float[] ours, float[] peer) =>
        (TensorPrimitives.Distance<float>(ours, peer) / TensorPrimitives.Norm<float>(peer), TensorPrimitives.IndexOfMax<float>(ours) == TensorPrimitives.IndexOfMax<float>(peer));
}
