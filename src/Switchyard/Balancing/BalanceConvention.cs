namespace Switchyard.Balancing;

/// <summary>How the loss of Switch counts the load.</summary>
public enum BalanceConvention
{
    /// <summary>f_e = pairs sent to e ÷ all pairs, so that an even load costs α.</summary>
    Megablocks,

    /// <summary>f_e = pairs sent to e ÷ tokens, so that an even load costs α·k (transformers).</summary>
    HuggingFace,
}
