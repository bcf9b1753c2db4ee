namespace Switchyard;

/// <summary>What every entry of a <see cref="Catalog{TEntry}"/> says of itself.</summary>
public interface ICatalogEntry
{
    /// <summary>The kebab-case name used in code, JSON and on the command line.</summary>
    string Name { get; }

    /// <summary>One sentence for <c>--help</c> and the documentation.</summary>
    string Summary { get; }
}
