using Switchyard.Models.Checkpoints;

namespace Switchyard.Models.Architectures;

/// <summary>Models that no architecture of Hugging Face's computes: the keys of <c>qwen3_moe</c>, and what else there is in the section <c>switchyard</c>. Where that names another architecture, as in a checkpoint whose routers were replaced, keys and names are that one's.</summary>
internal sealed class SwitchyardArchitecture : Architecture
{
    public const string ModelType = "switchyard_moe";
    public const string ClassName = "SwitchyardMoeForCausalLM";
    public const string MaskedClassName = "SwitchyardMoeForMaskedLM";
    public const string EncoderClassName = "SwitchyardMoeModel";

    public override string Name => ModelType;

    public override string Summary => "any router, selector, balancer and expert of ours";

    internal override MoeTransformerOptions Options(ConfigReader config, IReadOnlySet<string> tensors)
    {
        config.Refuse(!config.Has(ModelSection.Key), $"the section '{ModelSection.Key}' is missing");
        return Qwen3MoeArchitecture.Read(config);
    }
}
