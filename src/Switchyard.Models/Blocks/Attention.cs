using static TorchSharp.torch;

namespace Switchyard.Models.Blocks;

/// <summary>The attention of a layer.</summary>
public abstract class Attention : nn.Module<Tensor, Tensor>
{
    /// <summary>Keeps the name for the state dict.</summary>
    protected Attention(string name)
        : base(name)
    {
    }

    /// <summary>Causal attention over whole sequences of hidden states [B, N, d].</summary>
    public override Tensor forward(Tensor input) => Run(input, AttentionPass.Causal);

    /// <summary>Attention over hidden states [B, N, d] of tokens that may follow cached ones.</summary>
    public abstract Tensor Run(Tensor input, AttentionPass pass);
}
