using System.Globalization;
using System.Runtime.InteropServices;
using Switchyard.Models.Files;
using Switchyard.Peers.Weights;

namespace Switchyard.Peers.Models;

/// <summary>A Qwen2-MoE of random weights: its sizes, and its checkpoint as Hugging Face lays it out.</summary>
internal sealed record RandomModel
{
    private const int Chunk = 1 << 20;

    /// <summary>Layers.</summary>
    public int Layers { get; init; } = 4;

    /// <summary>Hidden size d.</summary>
    public int Hidden { get; init; } = 2048;

    /// <summary>Attention heads, each with keys and values of its own.</summary>
    public int Heads { get; init; } = 16;

    /// <summary>Experts E.</summary>
    public int Experts { get; init; } = 60;

    /// <summary>Experts a token, k.</summary>
    public int TopK { get; init; } = 4;

    /// <summary>Inner size f of an expert.</summary>
    public int Inner { get; init; } = 1408;

    /// <summary>Inner size of the shared expert.</summary>
    public int SharedInner { get; init; } = 5632;

    /// <summary>Vocabulary.</summary>
    public int Vocabulary { get; init; } = 32000;

    /// <summary>Longest sequence.</summary>
    public int Length { get; init; } = 2048;

    /// <summary>Base of the rotary frequencies.</summary>
    public double RotaryTheta { get; init; } = 1e6;

    /// <summary>ε of the norms.</summary>
    public double NormEpsilon { get; init; } = 1e-6;

    /// <summary>Seed of the weights.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Writes <c>config.json</c> and <c>model.safetensors</c>, in bf16.</summary>
    /// <param name="folder">Made if it is not there.</param>
    public void Write(string folder) => Write(folder, Tensors().Select(t => Source(t.Name, t.Shape, t.Mean, t.Deviation)), string.Empty);

    /// <summary>The same with the matrices of attention, experts and shared expert as 4-bit integers in GPTQ's layout.</summary>
    /// <param name="folder">Made if it is not there.</param>
    public void WriteGptq(string folder) => Write(
        folder,
        Tensors().SelectMany(t => t.Name.EndsWith(GptqMatrixSource.Suffix, StringComparison.Ordinal)
            ? GptqMatrixSource.Of(t.Name, (int)t.Shape[0], (int)t.Shape[1], t.Deviation, Seed)
            : [Source(t.Name, t.Shape, t.Mean, t.Deviation)]),
        GptqMatrixSource.Configuration);

    private void Write(string folder, IEnumerable<SafetensorsSource> tensors, string quantization)
    {
        Directory.CreateDirectory(folder);
        SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), tensors);
        File.WriteAllText(Path.Combine(folder, "config.json"), Configuration(quantization));
    }

    private IEnumerable<(string Name, long[] Shape, float Mean, float Deviation)> Tensors()
    {
        yield return ("model.embed_tokens.weight", [Vocabulary, Hidden], 0, 1);
        yield return Matrix("lm_head.weight", Vocabulary, Hidden);
        yield return Norm("model.norm.weight");
        for (int layer = 0; layer < Layers; layer++)
        {
            string at = $"model.layers.{layer}.";
            yield return Norm($"{at}input_layernorm.weight");
            yield return Norm($"{at}post_attention_layernorm.weight");
            foreach (string part in new[] { "q", "k", "v" })
            {
                yield return Matrix($"{at}self_attn.{part}_proj.weight", Hidden, Hidden);
                yield return ($"{at}self_attn.{part}_proj.bias", [Hidden], 0, 0.1f);
            }

            yield return Matrix($"{at}self_attn.o_proj.weight", Hidden, Hidden);
            yield return Matrix($"{at}mlp.gate.weight", Experts, Hidden);
            yield return Matrix($"{at}mlp.shared_expert_gate.weight", 1, Hidden);
            foreach ((string name, int inner) in Enumerable.Range(0, Experts).Select(e => ($"experts.{e}", Inner)).Append(("shared_expert", SharedInner)))
            {
                yield return Matrix($"{at}mlp.{name}.gate_proj.weight", inner, Hidden);
                yield return Matrix($"{at}mlp.{name}.up_proj.weight", inner, Hidden);
                yield return Matrix($"{at}mlp.{name}.down_proj.weight", Hidden, inner);
            }
        }

        (string, long[], float, float) Norm(string name) => (name, [Hidden], 1, 0.1f);
        static (string, long[], float, float) Matrix(string name, int rows, int columns) => (name, [rows, columns], 0, 1 / MathF.Sqrt(columns));
    }

    private SafetensorsSource Source(string name, long[] shape, float mean, float deviation) => new(name, SafetensorsType.BF16, shape, stream =>
    {
        RandomNumbers random = new(RandomNumbers.SeedOf(name, Seed));
        ushort[] values = new ushort[Chunk];
        for (long left = shape.Aggregate(1L, (a, b) => a * b); left > 0; left -= values.Length)
        {
            Span<ushort> some = values.AsSpan(0, (int)Math.Min(left, values.Length));
            random.FillBFloat16(some, mean, deviation);
            stream.Write(MemoryMarshal.AsBytes(some));
        }
    });

    private string Configuration(string quantization) => string.Create(CultureInfo.InvariantCulture, $$"""
        {
          "architectures": ["Qwen2MoeForCausalLM"],
          "model_type": "qwen2_moe",
          "dtype": "bfloat16",
          "hidden_act": "silu",
          "vocab_size": {{Vocabulary}},
          "hidden_size": {{Hidden}},
          "num_hidden_layers": {{Layers}},
          "num_attention_heads": {{Heads}},
          "num_key_value_heads": {{Heads}},
          "max_position_embeddings": {{Length}},
          "rope_theta": {{RotaryTheta}},
          "rms_norm_eps": {{NormEpsilon}},
          "intermediate_size": {{SharedInner}},
          "moe_intermediate_size": {{Inner}},
          "shared_expert_intermediate_size": {{SharedInner}},
          "num_experts": {{Experts}},
          "num_experts_per_tok": {{TopK}},
          "norm_topk_prob": false,
          "decoder_sparse_step": 1,
          "mlp_only_layers": [],
          "qkv_bias": true,
          "use_sliding_window": false,{{quantization}}
          "tie_word_embeddings": false
        }

        """);
}
