using CsCheck;
using Switchyard.Routing.LatentPrototypes;
using static TorchSharp.torch;

namespace Switchyard.Tests.Routing.LatentPrototypes;

public sealed class DiversityTests
{
    public static TheoryData<PrototypeDiversity> Measures => [.. Enum.GetValues<PrototypeDiversity>()];

    [Theory]
    [MemberData(nameof(Measures))]
    public void The_short_forms_equal_the_definition_over_all_pairs(PrototypeDiversity measure) =>
        Gen.Select(Gen.Int[2, 300], Gen.Int[2, 20], Gen.Int[0, 1000]).Sample(
            (m, z, seed) =>
            {
                using var scope = NewDisposeScope();
                manual_seed(seed);
                Tensor rows = randn([m, z], ScalarType.Float64).requires_grad_();
                Tensor same = rows.detach().clone().requires_grad_();

                Tensor actual = Diversity.Of(measure, rows);
                Tensor expected = Definition(measure, same);
                actual.backward();
                expected.backward();

                Near.AssertClose(actual, expected, 1e-9, "value");
                Near.AssertClose(rows.grad!, same.grad!, 1e-7, "gradient");
            },
            iter: 12,
            threads: 1);

    [Theory]
    [MemberData(nameof(Measures))]
    public void Fewer_than_two_rows_have_no_diversity(PrototypeDiversity measure)
    {
        using var scope = NewDisposeScope();
        Assert.Equal(0, Diversity.Of(measure, ones(1, 4)).item<float>());
        Assert.Equal(0, Diversity.Of(measure, ones(0, 4)).item<float>());
    }

    [Theory]
    [MemberData(nameof(Measures))]
    public void Equal_and_zero_rows_have_finite_gradients(PrototypeDiversity measure)
    {
        using var scope = NewDisposeScope();
        Tensor rows = cat([ones(3, 4), zeros(2, 4)]).requires_grad_();

        Diversity.Of(measure, rows).backward();

        Assert.True(rows.grad!.isfinite().all().item<bool>());
    }

    [Theory]
    [MemberData(nameof(Measures))]
    public void A_spread_set_is_more_diverse_than_a_heap(PrototypeDiversity measure)
    {
        using var scope = NewDisposeScope();
        Tensor spread = eye(4);
        Tensor heap = eye(4) + 1;
        Assert.True(Diversity.Of(measure, spread).item<float>() <= Diversity.Of(measure, heap).item<float>());
    }

    private static Tensor Definition(PrototypeDiversity measure, Tensor rows)
    {
        long m = rows.shape[0];
        Tensor off = 1 - eye(m, dtype: ScalarType.Float64);
        Tensor unit = rows / rows.norm(1, keepdim: true);
        return measure switch
        {
            PrototypeDiversity.Orthogonal => (mm(unit, unit.t()) - eye(m, dtype: ScalarType.Float64)).square().mean(),
            PrototypeDiversity.Cosine => (mm(unit, unit.t()) * off).sum() / (m * (m - 1)),
            _ => ((((rows.unsqueeze(1) - rows).square().sum(-1) + eye(m, dtype: ScalarType.Float64)).sqrt() * off).sum() / (m * (m - 1))).neg(),
        };
    }
}
