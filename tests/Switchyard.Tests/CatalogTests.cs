namespace Switchyard.Tests;

public sealed class CatalogTests
{
    [Fact]
    public void A_misspelt_name_is_answered_with_the_nearest_one()
    {
        Catalog<Entry> catalog = new("thing") { new Entry("linear"), new Entry("hybrid") };

        ConfigurationException error = Assert.Throws<ConfigurationException>(() => catalog.Get("liner"));

        Assert.Contains("did you mean 'linear'", error.Message, StringComparison.Ordinal);
        Assert.Contains("linear, hybrid", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_is_registered_once_only()
    {
        Catalog<Entry> catalog = new("thing") { new Entry("linear") };

        Assert.Throws<ArgumentException>(() => catalog.Add(new Entry("linear")));
    }

    private sealed record Entry(string Name) : ICatalogEntry
    {
        public string Summary => "";
    }
}
