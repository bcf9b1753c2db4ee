using Switchyard.Balancing;
using Switchyard.Training.Configuration;
using Switchyard.Training.Corpora;
using Switchyard.Training.Results;
using Switchyard.Training.Runs;
using Switchyard.Training.Trainers;
using static TorchSharp.torch;

namespace Switchyard.Training.Tests.Trainers;

public sealed class SettlingTests : IDisposable
{
    private readonly TinyText _text = new();

    [Theory]
    [InlineData("linear+dual")]
    [InlineData("linear+dual+z")]
    [InlineData("lpr+dual")]
    public void It_changes_the_average_price_alone_and_is_over_when_it_ends(string recipe)
    {
        using var scope = NewDisposeScope();
        using Trainer trainer = Trained(recipe);
        Dictionary<string, Tensor> before = trainer.Model.state_dict().ToDictionary(t => t.Key, t => t.Value.clone());

        trainer.Settle();

        string[] changed = [.. trainer.Model.state_dict().Where(t => !t.Value.Equals(before[t.Key])).Select(t => t.Key.Split('.')[^1]).Distinct().Order()];
        Assert.Equal(["average_price", "price"], changed);
    }

    [Theory]
    [InlineData("linear")]
    [InlineData("linear+bias")]
    [InlineData("lpr")]
    public void Balancers_that_do_not_average_are_left_alone_and_no_noise_is_drawn(string recipe)
    {
        using var scope = NewDisposeScope();
        using Trainer trainer = Trained(recipe);
        Assert.False(Settling.Helps(trainer.Model));
        Dictionary<string, Tensor> before = trainer.Model.state_dict().ToDictionary(t => t.Key, t => t.Value.clone());
        byte[] noise = random.get_rng_state().bytes.ToArray();

        trainer.Settle();

        Assert.All(trainer.Model.state_dict(), t => Assert.True(t.Value.Equals(before[t.Key]), t.Key));
        Assert.Equal(noise, random.get_rng_state().bytes.ToArray());
    }

    [Fact]
    public void The_average_is_the_mean_of_the_prices_of_the_passes()
    {
        using var scope = NewDisposeScope();
        using Trainer trainer = Trained("linear+dual");
        DualBalancer balancer = (DualBalancer)trainer.Model.MoeLayers[^1].Balancer;
        List<Tensor> prices = [];
        Settling.Run(trainer.Model, 3, pass =>
        {
            if (pass > 0)
            {
                prices.Add(balancer.Price.clone().MoveToOuterDisposeScope());
            }

            return arange(32, ScalarType.Int64).view(2, 16) + (pass * 7);
        });
        prices.Add(balancer.Price);
        Tensor mean = stack(prices, 0).mean([0]);
        Assert.True((mean - balancer.AveragePrice).abs().max().item<float>() < 1e-6);
    }

    [Fact]
    public void A_run_that_settles_is_more_even_on_held_out_text_at_the_same_weights()
    {
        RunConfig config = TinyText.Config(40) with { Model = TinyText.Config().Model with { Experts = 8 } };
        CompareRow without = Run(config with { Training = config.Training with { SettleBatches = 0 } }, "without"), with = Run(config, "with");
        Assert.Equal(without.TrainLoss, with.TrainLoss);
        Assert.InRange(with.Gini, 0, 0.9 * without.Gini);
    }

    [Fact]
    public void A_negative_number_of_passes_is_refused() =>
        Assert.Contains("settleBatches is -1", Assert.Throws<ConfigurationException>(() => (TinyText.Config().Training with { SettleBatches = -1 }).Validate()).Message, StringComparison.Ordinal);

    public void Dispose() => _text.Dispose();

    private CompareRow Run(RunConfig config, string folder) =>
        new TrainingRun(config, RoutingRecipe.Parse("linear+dual"), _text.Packed, new RunFolder(_text.Folder(folder))).Run(cancellation: TestContext.Current.CancellationToken);

    private Trainer Trained(string recipe)
    {
        RunConfig config = TinyText.Config();
        Trainer trainer = new(config, RoutingRecipe.Parse(recipe), new TokenStream(_text.Packed, config.Model.SequenceLength, config.Training.BatchSequences, config.Seed));
        for (int i = 0; i < 4; i++)
        {
            trainer.Step();
        }

        return trainer;
    }
}
