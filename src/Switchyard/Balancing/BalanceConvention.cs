namespace Switchyard.Balancing;

/// <summary>How the loss of Switch counts the load.</summary>
public enum BalanceConvention
{
    /// <summary>f_e = pairs sent to e ÷ all pairs, so that an even load costs α.</summary>
    Megablocks,

    /// <summary>f_e = pairs sent to e ÷ tokens, so that an even load costs α·k (transformers). A balancer counts the tokens of its layer, and a model takes the mean of its layers; transformers concatenates the layers, which lets an imbalance of one hide behind that of another: <see cref="Losses.SwitchLoss.OfLayers"/> gives that number.</summary>
    Huggingface,
}
