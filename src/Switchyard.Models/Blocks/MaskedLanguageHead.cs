using Switchyard.Dense;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Switchyard.Models.Blocks;

/// <summary>BERT's prediction of tokens: norm(gelu(W·h + b))·Eᵀ + c, where E is the word embedding (Devlin et al. 2018).</summary>
public sealed class MaskedLanguageHead : nn.Module
{
    private readonly Linear _transform;
    private readonly Norm _norm;

    /// <summary>Makes the head.</summary>
    public MaskedLanguageHead(MoeTransformerOptions options)
        : base(nameof(MaskedLanguageHead))
    {
        _transform = new Linear(options.HiddenSize, options.HiddenSize, bias: true, options.DrawnDeviation);
        _norm = new LayerNorm(options.HiddenSize, options.NormEpsilon);
        register_module("transform", _transform);
        register_module("norm", _norm);
        register_parameter("bias", new Parameter(zeros(options.VocabularySize)));
    }

    /// <summary>Logits [B, N, V].</summary>
    /// <param name="hidden">Hidden states [B, N, d].</param>
    /// <param name="embedding">Word embeddings [V, d].</param>
    public Tensor Run(Tensor hidden, Tensor embedding)
    {
        Tensor turned = _norm.forward(nn.functional.gelu(_transform.forward(hidden)));
        return DenseOperations.Linear(turned, embedding.to(turned.dtype), get_parameter("bias")!.to(turned.dtype));
    }
}
