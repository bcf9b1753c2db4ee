using Switchyard.Models;
using Switchyard.Models.Tokenizers;
using Switchyard.Training.Corpora;
using Switchyard.Training.Profiles;
using Switchyard.Training.Results;
using Switchyard.Training.Tests.Corpora;

namespace Switchyard.Training.Tests.Profiles;

/// <summary>A model of bytes with random weights, and text of two domains.</summary>
internal static class TinyModel
{
    public const int TopK = 2;

    public static MachineInfo Machine { get; } = new("system", "processor", "AVX2", 1, "cpu", ".NET", "0.1.0");

    public static MoeTransformer Make(int experts = 8, long seed = 1) => new(new MoeTransformerOptions
    {
        HiddenSize = 16,
        Layers = 2,
        Heads = 2,
        KeyValueHeads = 2,
        HeadSize = 8,
        Experts = experts,
        TopK = TopK,
        InnerSize = 8,
        SequenceLength = 64,
        InitialDeviation = 0.4,
        Seed = seed,
    });

    /// <summary>Writes a dense one.</summary>
    public static void SaveDense(string folder)
    {
        using MoeTransformer model = new(new MoeTransformerOptions { HiddenSize = 16, Layers = 2, Heads = 2, KeyValueHeads = 2, HeadSize = 8, DenseInnerSize = 24, DenseLayers = [0, 1], SequenceLength = 64, InitialDeviation = 0.4 });
        model.Save(folder);
    }

    public static ICorpus Text() => new ListCorpus(("prose", "The quick brown fox jumps over the lazy dog, and the dog does not mind it at all."), ("code", "for (int i = 0; i < n; i++) { sum += x[i] * y[i]; }"), ("prose", "x"), ("prose", "Another sentence."));

    public static ProfileRequest Request(int context = 16, int stride = 16, long maxTokens = long.MaxValue, ICorpus? corpus = null) => new()
    {
        ModelPath = "tiny",
        Tokenizer = new ByteTokenizer(),
        Corpus = corpus ?? Text(),
        Text = TextOptions.For(64, context, stride, maxTokens),
        Command = "switchyard profile tiny --text text",
    };

    public static ProfileResult Profile(int context = 16, int stride = 16, long maxTokens = long.MaxValue, int experts = 8, ICorpus? corpus = null, TraceWriter? trace = null)
    {
        using MoeTransformer model = Make(experts);
        return Profiler.Run(model, Request(context, stride, maxTokens, corpus), Machine, trace);
    }
}
