namespace Switchyard.Experts;

/// <summary>The non-linearity of an expert FFN.</summary>
public enum ExpertActivation
{
    /// <summary>y = W_down·(silu(W_gate·x) ⊙ (W_up·x)).</summary>
    SwiGlu,

    /// <summary>y = W_down·gelu(W_up·x), exact (erf) form.</summary>
    Gelu,

    /// <summary>y = W_down·relu(W_up·x).</summary>
    Relu,
}
