using Switchyard.Experts;
using Switchyard.Kernels.Storage;
using Switchyard.Models.Blocks;
using Switchyard.Models.Weights;
using static TorchSharp.torch;

namespace Switchyard.Models.Checkpoints;

/// <summary>Puts the matrices of linear layers, embeddings and dense FFNs, shared experts among them, in their places as they are stored, where they are mapped.</summary>
internal static class DenseReader
{
    private const string FeedForward = ".mlp";
    private const string Embedding = ".embed_tokens.weight";
    private const string Shared = "shared_expert.";

    /// <summary>Keeps what can be kept, and returns the names that need not be copied any more.</summary>
    /// <param name="model">The model; its parameters have no values yet.</param>
    /// <param name="weights">The checkpoint.</param>
    /// <param name="names">How it names them.</param>
    public static HashSet<string> Keep(MoeTransformer model, WeightReader weights, TensorNames names)
    {
        HashSet<string> kept = new(StringComparer.Ordinal);
        HashSet<nn.Module> seen = new(ReferenceEqualityComparer.Instance);
        foreach ((string path, nn.Module module) in model.named_modules().OrderBy(m => ModelTensors.FieldNames(m.name)))
        {
            if (!seen.Add(module))
            {
                continue;
            }

            if (module is Linear { CanKeep: true } linear && names.Of(path + ".weight") is var name && weights.CanStay(name))
            {
                linear.Keep(weights.Open(name, (int)linear.Weight.size(0), (int)linear.Weight.size(1)));
                kept.Add(name);
            }
            else if (module is TransformerStack { CanKeepEmbedding: true } stack && names.Of(path + Embedding) is var rows && weights.CanStay(rows))
            {
                stack.KeepEmbedding(weights.Open(rows, model.Options.VocabularySize, model.Options.HiddenSize));
                kept.Add(rows);
            }
            else if (module is DenseFeedForward { HasBias: false } dense)
            {
                Keep(dense, path, weights, names, kept);
            }
        }

        return kept;
    }

    private static void Keep(DenseFeedForward dense, string path, WeightReader weights, TensorNames names, HashSet<string> kept)
    {
        int at = path.IndexOf(FeedForward, StringComparison.Ordinal) + FeedForward.Length;
        string stem = $"{path[..at]}.{(path.Contains(Shared[..^1], StringComparison.Ordinal) ? Shared : string.Empty)}";
        string[] first = [.. ModelTensors.PartNames(stem, "gate_up", dense.Activation == ExpertActivation.SwiGlu).Select(names.Of)];
        string second = names.Of(ModelTensors.PartNames(stem, "down", gated: true).Single());
        if (!first.Append(second).All(weights.CanStay))
        {
            return;
        }

        (int rows, int hidden, int inner) = ((int)dense.GateUp.size(0), (int)dense.GateUp.size(1), (int)dense.Down.size(1));
        StoredMatrix gateUp = first.Length == 2
            ? StoredMatrix.Stack(weights.Open(first[0], rows / 2, hidden), weights.Open(first[1], rows / 2, hidden))
            : weights.Open(first[0], rows, hidden);
        ExpertOptions sizes = new() { Experts = 1, HiddenSize = hidden, InnerSize = inner, Activation = dense.Activation };
        dense.Keep(new StoredExperts(sizes, [gateUp], [weights.Open(second, hidden, inner)], weights.Storage(second)));
        kept.UnionWith(first.Append(second));
    }
}
