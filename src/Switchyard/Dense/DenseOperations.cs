using Switchyard.Experts;
using Switchyard.Kernels.Storage;
using static TorchSharp.torch;

namespace Switchyard.Dense;

/// <summary>What a transformer does with every token: products, norms, rotations and causal attention, by our kernels where the tensors are fp32 on the CPU and by torch elsewhere.</summary>
/// <remarks>The environment variable <c>SWITCHYARD_DENSE=torch</c> leaves everything to torch; <c>kernels</c> is the default.</remarks>
public static class DenseOperations
{
    private const string Variable = "SWITCHYARD_DENSE";
    private static readonly bool UseKernels = Parse(Environment.GetEnvironmentVariable(Variable));

    /// <summary>y = x·Wᵀ (+ b).</summary>
    /// <param name="x">[..., K].</param>
    /// <param name="weight">W [N, K], of the type of x.</param>
    /// <param name="bias">b [N], of the type of x, or null.</param>
    /// <returns>[..., N].</returns>
    public static Tensor Linear(Tensor x, Tensor weight, Tensor? bias = null) =>
        OnKernels(x) && x.ndim > 0 && OnKernels(weight) && weight.Is(weight.size(0), x.size(-1)) && weight.is_contiguous() && (bias is null || (OnKernels(bias) && bias.Is(weight.size(0)) && bias.is_contiguous()))
            ? LinearFunction.Run(x, weight, bias)
            : nn.functional.linear(x, weight, bias!);

    /// <summary>y = x·Wᵀ (+ b) of weights in the form in which they are stored, read where they lie; gradients flow to x and b. In bf16 where x is and the processor has an instruction for it, else in fp32.</summary>
    /// <param name="x">[..., K], on the CPU.</param>
    /// <param name="weight">W [N, K].</param>
    /// <param name="bias">b [N], or null.</param>
    /// <returns>[..., N], of the type of x.</returns>
    /// <exception cref="ArgumentException">The sizes do not fit together.</exception>
    /// <remarks>The memory of the matrix must live until the gradients are computed.</remarks>
    public static Tensor Linear(Tensor x, StoredMatrix weight, Tensor? bias = null)
    {
        if (x.ndim == 0 || x.size(-1) != weight.Columns)
        {
            throw new ArgumentException($"x is [{string.Join(", ", x.shape)}]; expected [..., {weight.Columns}], as the matrix is [{weight.Rows}, {weight.Columns}]", nameof(x));
        }

        if (bias is not null)
        {
            TensorShape.Expect(bias, nameof(bias), weight.Rows);
        }

        using var scope = NewDisposeScope();
        return LinearFunction.Run(x.to(ScalarType.Float32), weight, KernelEngines.DefaultArithmetic(x.dtype), bias?.to(ScalarType.Float32)).to(x.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>Whether weights that are frozen may stay in the form in which they are stored: not where everything is left to torch.</summary>
    public static bool ReadsStoredWeights => UseKernels;

    /// <summary>y = x · (mean(x²) + ε)^−½ ⊙ w over the last dimension (Zhang and Sennrich 2019, arXiv 1910.07467).</summary>
    /// <param name="x">[..., n].</param>
    /// <param name="weight">w [n], of the type of x.</param>
    /// <param name="epsilon">ε.</param>
    /// <returns>[..., n].</returns>
    public static Tensor RootMeanSquareNorm(Tensor x, Tensor weight, double epsilon)
    {
        if (OnKernels(x) && OnKernels(weight) && x.ndim > 0 && weight.Is(x.size(-1)) && weight.is_contiguous())
        {
            return NormFunction.Run(x, weight, epsilon);
        }

        using var scope = NewDisposeScope();
        Tensor scale = x.square().mean([-1], keepdim: true).add(Held(epsilon)).rsqrt();
        return (x * scale * weight).MoveToOuterDisposeScope();
    }

    /// <summary>Rotary position embedding in the half-split layout (Su et al. 2021, arXiv 2104.09864): element i of a head turns with element i + D/2.</summary>
    /// <param name="x">Heads [B, N, H, D], whose first position is 0.</param>
    /// <param name="cosines">Cosines of the angles [≥ N, D], fp32, the second half a copy of the first.</param>
    /// <param name="sines">Sines of the angles, as <paramref name="cosines"/>.</param>
    /// <returns>[B, N, H, D].</returns>
    /// <exception cref="ArgumentException">The sizes do not fit together, or D is odd.</exception>
    public static Tensor Rotate(Tensor x, Tensor cosines, Tensor sines)
    {
        TensorShape.Expect(x, nameof(x), -1, -1, -1, -1);
        TensorShape.Expect(cosines, nameof(cosines), -1, x.size(3));
        TensorShape.Expect(sines, nameof(sines), -1, x.size(3));
        if (x.size(3) % 2 != 0 || cosines.size(0) < x.size(1) || sines.size(0) < x.size(1))
        {
            throw new ArgumentException($"heads are [{string.Join(", ", x.shape)}]; expected an even last size and at most as many positions as there are angles, {Math.Min(cosines.size(0), sines.size(0))}", nameof(x));
        }

        if (OnKernels(x) && OnKernels(cosines) && OnKernels(sines) && cosines.is_contiguous() && sines.is_contiguous())
        {
            return RotationFunction.Run(x, cosines, sines);
        }

        using var scope = NewDisposeScope();
        long length = x.size(1), half = x.size(-1) / 2;
        Tensor cosine = cosines.slice(0, 0, length, 1).unsqueeze(1).to(x.dtype, x.device);
        Tensor sine = sines.slice(0, 0, length, 1).unsqueeze(1).to(x.dtype, x.device);
        Tensor turned = cat([x.slice(-1, half, 2 * half, 1).neg(), x.slice(-1, 0, half, 1)], -1);
        return ((x * cosine) + (turned * sine)).MoveToOuterDisposeScope();
    }

    /// <summary>Mean over the judged tokens of −log softmax(h·Wᵀ) at their targets, without all logits at once: a block of tokens has at most <paramref name="logits"/> of them, and the gradients are computed together with the loss.</summary>
    /// <param name="hidden">h [..., d], T tokens.</param>
    /// <param name="weight">W [V, d], of the type of h.</param>
    /// <param name="targets">T of them, int64; negative ones are not judged.</param>
    /// <param name="logits">Most logits at once; at least those of one token are.</param>
    /// <returns>A scalar, fp32; 0 if no token is judged.</returns>
    /// <exception cref="ArgumentException">The sizes do not fit together, or the targets are no Int64.</exception>
    public static Tensor CrossEntropy(Tensor hidden, Tensor weight, Tensor targets, long logits = 1 << 22)
    {
        TensorShape.Expect(weight, nameof(weight), -1, hidden.size(-1));
        using var scope = NewDisposeScope();
        return CrossEntropyFunction.Run(Rows(hidden), weight.contiguous(), null, Judged(targets, hidden), Math.Max(1, logits / weight.size(0))).MoveToOuterDisposeScope();
    }

    /// <summary>The same of weights in the form in which they are stored, which have no gradient.</summary>
    /// <param name="hidden">h [..., d], T tokens, on the CPU.</param>
    /// <param name="weight">W [V, d].</param>
    /// <param name="targets">T of them, int64; negative ones are not judged.</param>
    /// <param name="logits">Most logits at once; at least those of one token are.</param>
    /// <returns>A scalar, fp32; 0 if no token is judged.</returns>
    /// <exception cref="ArgumentException">The sizes do not fit together, or the targets are no Int64.</exception>
    public static Tensor CrossEntropy(Tensor hidden, StoredMatrix weight, Tensor targets, long logits = 1 << 22)
    {
        using var scope = NewDisposeScope();
        return CrossEntropyFunction.Run(Rows(hidden), null, weight, Judged(targets, hidden), Math.Max(1, logits / weight.Rows)).MoveToOuterDisposeScope();
    }

    private static Tensor Rows(Tensor hidden) => hidden.reshape(-1, hidden.size(-1)).contiguous();

    /// <summary>The targets in a row, one for each token.</summary>
    private static Tensor Judged(Tensor targets, Tensor hidden)
    {
        long tokens = hidden.numel() / Math.Max(1, hidden.size(-1));
        return targets.dtype == ScalarType.Int64 && targets.numel() == tokens
            ? targets.flatten()
            : throw new ArgumentException($"targets are [{string.Join(", ", targets.shape)}] of {targets.dtype}; expected {tokens} of Int64, one for each token", nameof(targets));
    }

    /// <summary>Whether our kernels work on a tensor.</summary>
    internal static bool OnKernels(Tensor t) => UseKernels && t.dtype == ScalarType.Float32 && t.device_type == TorchSharp.DeviceType.CPU && t.numel() > 0;

    /// <summary>The type for attention over tensors of a type: on a CPU, fp32 for bf16, in which torch multiplies a token's query with the keys value by value, and heads of two sizes head by head; else the type itself.</summary>
    /// <param name="x">Queries, keys or values.</param>
    public static ScalarType AttentionType(Tensor x) => UseKernels && x.dtype == ScalarType.BFloat16 && x.device_type == TorchSharp.DeviceType.CPU ? ScalarType.Float32 : x.dtype;

    /// <summary>softmax(Q·Kᵀ/√D)·V where a token sees itself and those before it; groups of query heads share a key and value head (Ainslie et al. 2023, arXiv 2305.13245).</summary>
    /// <param name="query">Q [B, N, H, D].</param>
    /// <param name="key">K [B, N, G, D], G a divisor of H.</param>
    /// <param name="value">V [B, N, G, D'].</param>
    /// <returns>[B, N, H, D'].</returns>
    /// <remarks>Our kernels keep of the forward pass one number for each query and make the rest again for the gradients (Dao et al. 2022, arXiv 2205.14135). No tensor is copied, whatever its strides, if the values of a head are side by side.</remarks>
    /// <exception cref="ArgumentException">The sizes do not fit together.</exception>
    public static Tensor CausalAttention(Tensor query, Tensor key, Tensor value)
    {
        TensorShape.Expect(query, nameof(query), -1, -1, -1, -1);
        TensorShape.Expect(key, nameof(key), query.size(0), query.size(1), -1, query.size(3));
        TensorShape.Expect(value, nameof(value), query.size(0), query.size(1), key.size(2), -1);
        if (key.size(2) == 0 || query.size(2) % key.size(2) != 0)
        {
            throw new ArgumentException($"{query.size(2)} query heads cannot share {key.size(2)} key heads; expected a divisor", nameof(key));
        }

        if (OnKernels(query) && OnKernels(key) && OnKernels(value))
        {
            return AttentionFunction.Run(query, key, value, 1 / Math.Sqrt(query.size(-1)));
        }

        using var scope = NewDisposeScope();
        long group = query.size(2) / key.size(2);
        Tensor k = group > 1 ? key.repeat_interleave(group, 2) : key, v = group > 1 ? value.repeat_interleave(group, 2) : value;
        Tensor mixed = nn.functional.scaled_dot_product_attention(query.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), is_casual: true);
        return mixed.transpose(1, 2).MoveToOuterDisposeScope();
    }

    internal static bool Parse(string? value) => value switch
    {
        null or "" or "kernels" => true,
        "torch" => false,
        _ => throw new ConfigurationException($"{Variable} is '{value}'; expected kernels or torch"),
    };
}
