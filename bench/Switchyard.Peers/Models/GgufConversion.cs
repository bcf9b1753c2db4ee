using System.Runtime.InteropServices;
using Switchyard.Models.Files;
using Switchyard.Peers.Weights;

namespace Switchyard.Peers.Models;

/// <summary>Writes a checkpoint of Qwen2-MoE, in bf16 or as <c>quantize</c> leaves it, as the GGUF file of the same weights. Codes of experts are taken over; scales become binary16.</summary>
internal sealed class GgufConversion : IDisposable
{
    private readonly RandomModel _model;
    private readonly CheckpointTensors _tensors;
    private readonly GgufType _experts, _dense;

    private GgufConversion(RandomModel model, string folder, GgufType experts, GgufType dense)
    {
        (_model, _experts, _dense) = (model, experts, dense);
        _tensors = CheckpointTensors.Open(folder);
    }

    /// <summary>Writes the file.</summary>
    /// <param name="model">Sizes.</param>
    /// <param name="folder">The checkpoint.</param>
    /// <param name="path">The file.</param>
    /// <param name="experts">Type of the experts, that of the checkpoint.</param>
    /// <param name="dense">Type of the other matrices, which are bf16 in the checkpoint.</param>
    public static void Write(RandomModel model, string folder, string path, GgufType experts, GgufType dense)
    {
        using GgufConversion conversion = new(model, folder, experts, dense);
        GgufFile.Write(path, conversion.Metadata(), [.. conversion.Tensors()]);
    }

    public void Dispose() => _tensors.Dispose();

    private List<(string Key, object Value)> Metadata()
    {
        const string Name = "qwen2moe";
        return
        [
            ("general.architecture", Name),
            ("general.name", $"random {Name}"),
            ($"{Name}.block_count", _model.Layers),
            ($"{Name}.context_length", _model.Length),
            ($"{Name}.embedding_length", _model.Hidden),
            ($"{Name}.vocab_size", _model.Vocabulary),
            ($"{Name}.feed_forward_length", _model.SharedInner),
            ($"{Name}.attention.head_count", _model.Heads),
            ($"{Name}.attention.head_count_kv", _model.Heads),
            ($"{Name}.attention.layer_norm_rms_epsilon", (float)_model.NormEpsilon),
            ($"{Name}.rope.freq_base", (float)_model.RotaryTheta),
            ($"{Name}.expert_count", _model.Experts),
            ($"{Name}.expert_used_count", _model.TopK),
            ($"{Name}.expert_feed_forward_length", _model.Inner),
            ($"{Name}.expert_shared_feed_forward_length", _model.SharedInner),
            ("tokenizer.ggml.model", "no_vocab"),
        ];
    }

    private IEnumerable<GgufTensor> Tensors()
    {
        yield return Dense("token_embd", "model.embed_tokens", _model.Vocabulary, _model.Hidden);
        yield return Plain("output_norm.weight", "model.norm.weight", _model.Hidden);
        yield return Dense("output", "lm_head", _model.Vocabulary, _model.Hidden);
        for (int layer = 0; layer < _model.Layers; layer++)
        {
            (string to, string from) = ($"blk.{layer}.", $"model.layers.{layer}.");
            yield return Plain($"{to}attn_norm.weight", $"{from}input_layernorm.weight", _model.Hidden);
            yield return Plain($"{to}ffn_norm.weight", $"{from}post_attention_layernorm.weight", _model.Hidden);
            foreach (string part in new[] { "q", "k", "v" })
            {
                yield return Dense($"{to}attn_{part}", $"{from}self_attn.{part}_proj", _model.Hidden, _model.Hidden);
                yield return Plain($"{to}attn_{part}.bias", $"{from}self_attn.{part}_proj.bias", _model.Hidden);
            }

            yield return Dense($"{to}attn_output", $"{from}self_attn.o_proj", _model.Hidden, _model.Hidden);
            yield return Plain($"{to}ffn_gate_inp.weight", $"{from}mlp.gate.weight", _model.Experts, _model.Hidden);
            yield return Plain($"{to}ffn_gate_inp_shexp.weight", $"{from}mlp.shared_expert_gate.weight", _model.Hidden);
            foreach (string part in new[] { "gate", "up", "down" })
            {
                yield return Experts($"{to}ffn_{part}_exps", $"{from}mlp.experts.", part, _model.Inner);
                yield return Shared($"{to}ffn_{part}_shexp", $"{from}mlp.shared_expert.", part, _model.SharedInner);
            }
        }
    }

    /// <summary>fp32 of a tensor in bf16.</summary>
    private GgufTensor Plain(string to, string from, params long[] shape) => new(to, GgufType.F32, shape, stream =>
        stream.Write(MemoryMarshal.AsBytes<float>(Widened(_tensors.FileOf(from).Span<ushort>(from)))));

    private GgufTensor Dense(string to, string from, int rows, int columns) =>
        new($"{to}.weight", _dense, [rows, columns], stream => WriteMatrix(stream, _dense, from, rows, columns));

    private GgufTensor Shared(string to, string from, string part, int inner)
    {
        (int rows, int columns) = Sizes(part, inner);
        return new GgufTensor($"{to}.weight", _experts, [rows, columns], stream => WriteMatrix(stream, _experts, $"{from}{part}_proj", rows, columns));
    }

    private GgufTensor Experts(string to, string from, string part, int inner)
    {
        (int rows, int columns) = Sizes(part, inner);
        return new GgufTensor($"{to}.weight", _experts, [_model.Experts, rows, columns], stream =>
        {
            for (int e = 0; e < _model.Experts; e++)
            {
                WriteMatrix(stream, _experts, $"{from}{e}.{part}_proj", rows, columns);
            }
        });
    }

    private (int Rows, int Columns) Sizes(string part, int inner) => part is "down" ? (_model.Hidden, inner) : (inner, _model.Hidden);

    private void WriteMatrix(Stream stream, GgufType type, string stem, int rows, int columns)
    {
        string name = $"{stem}.weight";
        if (type == GgufType.BF16)
        {
            stream.Write(_tensors.FileOf(name).Bytes(name));
            return;
        }

        bool stored = _tensors.Has($"{stem}.weight_codes");
        sbyte[] codes = new sbyte[columns];
        float[] scales = new float[columns / GgufBlocks.Values];
        byte[] row = new byte[scales.Length * (type == GgufType.Q8_0 ? GgufBlocks.EightBitBytes : GgufBlocks.FourBitBytes)];
        for (int r = 0; r < rows; r++)
        {
            if (stored)
            {
                ReadStored(type, stem, r, codes, scales);
            }
            else
            {
                GroupCodes.Round(Widened(_tensors.FileOf(name).Span<ushort>(name).Slice(r * columns, columns)), GgufBlocks.Values, type == GgufType.Q8_0 ? 8 : 4, codes, scales);
            }

            GgufBlocks.Pack(type, codes, scales, row);
            stream.Write(row);
        }
    }

    /// <summary>Row r of a matrix that is stored as codes: a byte each, or two to a byte, the even column in the low half, 8 added.</summary>
    private void ReadStored(GgufType type, string stem, int r, Span<sbyte> codes, Span<float> scales)
    {
        (string codesName, string scalesName) = ($"{stem}.weight_codes", $"{stem}.weight_scales");
        MemoryMarshal.Cast<byte, float>(_tensors.FileOf(scalesName).Bytes(scalesName)).Slice(r * scales.Length, scales.Length).CopyTo(scales);
        ReadOnlySpan<byte> all = _tensors.FileOf(codesName).Bytes(codesName);
        if (type == GgufType.Q8_0)
        {
            MemoryMarshal.Cast<byte, sbyte>(all).Slice(r * codes.Length, codes.Length).CopyTo(codes);
            return;
        }

        ReadOnlySpan<byte> pairs = all.Slice(r * codes.Length / 2, codes.Length / 2);
        for (int i = 0; i < pairs.Length; i++)
        {
            codes[2 * i] = (sbyte)((pairs[i] & 15) - 8);
            codes[(2 * i) + 1] = (sbyte)((pairs[i] >> 4) - 8);
        }
    }

    private static float[] Widened(ReadOnlySpan<ushort> values)
    {
        float[] wide = new float[values.Length];
        for (int i = 0; i < wide.Length; i++)
        {
            wide[i] = BitConverter.UInt32BitsToSingle((uint)values[i] << 16);
        }

        return wide;
    }
}
