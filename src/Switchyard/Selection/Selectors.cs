namespace Switchyard.Selection;

/// <summary>The selectors there are.</summary>
public static class Selectors
{
    /// <summary>All selectors by name.</summary>
    public static Catalog<SelectorEntry> All { get; } = new("selector")
    {
        new SelectorEntry("softmax-topk", "the k largest of the softmax over all experts (Mixtral, Qwen, OLMoE)", o => new SoftmaxTopKSelector(o)),
        new SelectorEntry("topk-softmax", "the k largest scores, weighed by a softmax over them (LPR, GPT-OSS)", o => new TopKSoftmaxSelector(o)),
        new SelectorEntry("sigmoid-group", "the k largest sigmoids within the best groups of experts (DeepSeek-V3)", o => new SigmoidGroupSelector(o)),
        new SelectorEntry("noisy-topk", "learned noise on the scores in training, then topk-softmax (Shazeer 2017)", o => new NoisyTopKSelector(o)),
        new SelectorEntry("sinkhorn", "in training the k largest of the doubly normalised matrix, plain top-k in inference (BASE, Megatron)", o => new SinkhornSelector(o))
        {
            IsCausalInTraining = false,
            SupportsChoiceBias = false,
        },
        new SelectorEntry("expert-choice", "each expert takes its best tokens; not causal (Zhou 2022)", o => new ExpertChoiceSelector(o))
        {
            IsCausal = false,
            IsCausalInTraining = false,
            SupportsChoiceBias = false,
        },
        new SelectorEntry("round-robin", "pair i goes to expert i mod E: a perfect balance to measure speed with", o => new RoundRobinSelector(o))
        {
            SupportsChoiceBias = false,
        },
        new SelectorEntry("threshold", "the fewest experts whose softmax mass reaches p, at most k", o => new ThresholdSelector(o)),
    };
}
