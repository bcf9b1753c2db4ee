using CsCheck;
using Switchyard.Metrics;
using Switchyard.Routing;
using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Tests.Metrics;

/// <summary>How far scores leave experts out, by hand.</summary>
public sealed class ScoreSparsityTests
{
    [Fact]
    public void An_even_softmax_is_not_sparse_at_all()
    {
        ScoreSparsity even = ScoreSparsity.Of([3.0, 3, 3, 3]);
        Assert.Equal(0, even.Negligible);
        Assert.Equal(4, even.EffectiveExperts, 1e-12);
        Assert.Equal(0, even.Hoyer, 1e-12);
    }

    [Fact]
    public void One_expert_for_all_is_as_sparse_as_it_gets()
    {
        double none = double.NegativeInfinity;
        ScoreSparsity one = ScoreSparsity.Of([none, 7.0, none, none]);
        Assert.Equal(new ScoreSparsity(0.75, 1, 1), one);
    }

    [Fact]
    public void The_measures_of_known_probabilities_are_those_worked_out_by_hand()
    {
        // p = 0.7, 0.2, 0.09, 0.01 of E = 4: 1/(10·E) = 0.025, so that one is negligible; ‖p‖² = 0.5382.
        ScoreSparsity s = ScoreSparsity.Of([Math.Log(0.7), Math.Log(0.2), Math.Log(0.09), Math.Log(0.01)]);
        Assert.Equal(0.25, s.Negligible);
        Assert.Equal(Math.Exp(0.24967 + 0.32189 + 0.21672 + 0.04605), s.EffectiveExperts, 1e-3);
        Assert.Equal(2 - (1 / Math.Sqrt(0.5382)), s.Hoyer, 1e-12);
    }

    [Fact]
    public void Two_of_four_equal_experts_lie_between()
    {
        double none = double.NegativeInfinity;
        ScoreSparsity two = ScoreSparsity.Of([1.0, none, 1, none]);
        Assert.Equal((0.5, 2.0), (two.Negligible, Math.Round(two.EffectiveExperts, 12)));
        Assert.Equal(2 - Math.Sqrt(2), two.Hoyer, 1e-12);
    }

    [Fact]
    public void A_single_expert_is_not_sparse_and_scores_without_a_softmax_have_no_measure()
    {
        Assert.Equal(new ScoreSparsity(0, 1, 0), ScoreSparsity.Of([5.0]));
        Assert.True(double.IsNaN(ScoreSparsity.Of([double.NaN, 1]).Hoyer));
        Assert.True(double.IsNaN(ScoreSparsity.Of([double.NegativeInfinity, double.NegativeInfinity]).EffectiveExperts));
        Assert.True(double.IsNaN(ScoreSparsity.Mean([]).Negligible));
    }

    [Fact]
    public void A_shift_of_all_scores_changes_nothing_and_every_measure_keeps_its_bounds() =>
        Gen.Double[-30, 30].Array[1, 40].Sample(scores =>
        {
            ScoreSparsity s = ScoreSparsity.Of(scores), shifted = ScoreSparsity.Of([.. scores.Select(v => v + 4)]);
            Assert.InRange(s.Negligible, 0, (scores.Length - 1.0) / scores.Length);
            Assert.InRange(s.EffectiveExperts, 1 - 1e-9, scores.Length + 1e-9);
            Assert.InRange(s.Hoyer, 0, 1 + 1e-12);
            Assert.Equal(s.EffectiveExperts, shifted.EffectiveExperts, 1e-6);
            Assert.Equal(s.Hoyer, shifted.Hoyer, 1e-9);
        });

    [Fact]
    public void A_recorder_averages_the_tokens_that_are_real_by_layer()
    {
        using var scope = NewDisposeScope();
        float none = float.NegativeInfinity;
        Tensor scores = tensor(new[,] { { 0f, none }, { 1f, 1f }, { none, none }, { 0f, none } });
        RoutingContext context = new() { TokenMask = tensor(new[] { true, true, true, false }) };
        SparsityRecorder recorder = new();
        foreach (int layer in (int[])[3, 1])
        {
            recorder.Observe(new RoutingObservation(layer, scores, new Assignment(zeros(4, 1, ScalarType.Int64), ones(4, 1)), context));
        }

        Assert.Equal([new ScoreSparsity(0.25, 1.5, 0.5), new ScoreSparsity(0.25, 1.5, 0.5)], recorder.Layers().Select(l => new ScoreSparsity(l.Negligible, Math.Round(l.EffectiveExperts, 9), Math.Round(l.Hoyer, 9))));
    }
}
