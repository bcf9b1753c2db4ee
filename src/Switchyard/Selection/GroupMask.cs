namespace Switchyard.Selection;

/// <summary>What <c>sigmoid-group</c> puts in the place of the scores of groups that are not kept.</summary>
public enum GroupMask
{
    /// <summary>−∞, as DeepSeek's own code: none of their experts is chosen.</summary>
    MinusInfinity,

    /// <summary>0, as transformers: where a biased score is negative, a masked expert may win over it.</summary>
    Zero,
}
