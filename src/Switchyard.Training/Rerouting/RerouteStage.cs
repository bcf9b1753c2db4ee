namespace Switchyard.Training.Rerouting;

/// <summary>How far the replacement of routers is.</summary>
internal enum RerouteStage
{
    /// <summary>The new routers have the weights that they were made with.</summary>
    Made,

    /// <summary>They have those that training begins with.</summary>
    Started,

    /// <summary>They are as they will be written.</summary>
    Trained,
}
