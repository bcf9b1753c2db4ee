using Switchyard.Experts;
using Switchyard.Models.Architectures;
using Switchyard.Models.Blocks;
using Switchyard.Models.Checkpoints;
using Switchyard.Models.Files;
using static TorchSharp.torch;

namespace Switchyard.Models.Tests.Checkpoints;

/// <summary>Dense checkpoints with random weights: a <c>qwen3</c> and a <c>bert</c>.</summary>
internal static class DenseModels
{
    public const int Layers = 3;
    public const int InnerSize = 24;

    public static MoeTransformerOptions Options => new()
    {
        VocabularySize = 64,
        HiddenSize = 16,
        Layers = Layers,
        Heads = 4,
        KeyValueHeads = 2,
        HeadSize = 8,
        SequenceLength = 32,
        DenseInnerSize = InnerSize,
        DenseLayers = [.. Enumerable.Range(0, Layers)],
        InitialDeviation = 0.3,
    };

    /// <summary>Writes a <c>qwen3</c>.</summary>
    public static void SaveDecoder(string folder, MoeTransformerOptions? options = null)
    {
        using MoeTransformer model = new(options ?? Options);
        model.Save(folder);
    }

    /// <summary>Writes a BERT of the decoder's sizes whose biases are not zero, with its head or without.</summary>
    public static void SaveEncoder(string folder, bool head = true, ScalarType type = ScalarType.Float32)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using MoeTransformer model = new(Options with
        {
            KeyValueHeads = 4,
            HeadSize = 4,
            QueryKeyNorm = false,
            QueryKeyValueBias = true,
            AttentionOutputBias = true,
            Activation = ExpertActivation.Gelu,
            Encoder = new EncoderOptions { MaskedLanguageHead = head },
        });
        Directory.CreateDirectory(folder);
        string config = Path.Combine(folder, "config.json");
        File.WriteAllText(config, $$"""
            {
              "architectures": ["{{(head ? "BertForMaskedLM" : "BertModel")}}"], "model_type": "bert", "hidden_act": "gelu", "hidden_size": 16, "intermediate_size": {{InnerSize}},
              "layer_norm_eps": 1e-6, "max_position_embeddings": 32, "num_attention_heads": 4, "num_hidden_layers": {{Layers}}, "type_vocab_size": 2, "vocab_size": 64
            }
            """);
        TensorNames names = new BertArchitecture().Names(new ConfigReader(config));
        SafetensorsWriter.Write(
            Path.Combine(folder, "model.safetensors"),
            ModelTensors.Of(model).Select(t => (names.Of(t.Name), (t.Name.EndsWith("bias", StringComparison.Ordinal) ? randn_like(t.Tensor) * 0.1 : t.Tensor).to(type))));
    }

    /// <summary>Some tokens.</summary>
    public static Tensor Tokens() => arange(20, ScalarType.Int64).reshape(2, 10);
}
