using System.Collections.Concurrent;
using System.Reflection;
using Orleans.Concurrency;

namespace Orleans.Runtime;

/// <summary>What the runtime must know of a grain method, read once.</summary>
internal sealed class MethodShape
{
    private static readonly ConcurrentDictionary<MethodInfo, MethodShape> Shapes = new();

    private readonly Func<Task<object?>, object> _toReturn;
    private readonly Func<object, Task<object?>> _fromReturn;

    private MethodShape(MethodInfo method)
    {
        Method = method;
        Name = $"{method.DeclaringType!.Name}.{method.Name}";
        OneWay = method.GetCustomAttribute<OneWayAttribute>() is not null;
        ReadOnly = method.GetCustomAttribute<ReadOnlyAttribute>() is not null;
        AlwaysInterleave = method.GetCustomAttribute<AlwaysInterleaveAttribute>() is not null;
        ResponseTimeout = method.GetCustomAttribute<ResponseTimeoutAttribute>()?.Timeout;
        var parameters = method.GetParameters();
        TokenIndex = Array.FindIndex(parameters, parameter => parameter.ParameterType == typeof(CancellationToken));
        ImmutableParameter = [.. parameters.Select(parameter => parameter.GetCustomAttribute<ImmutableAttribute>() is not null)];
        ImmutableReturn = method.ReturnParameter.GetCustomAttribute<ImmutableAttribute>() is not null;

        var type = method.ReturnType;
        if (type == typeof(Task))
        {
            _toReturn = result => result;
            _fromReturn = async value =>
            {
                await (Task)value;
                return null;
            };
        }
        else if (type == typeof(ValueTask))
        {
            _toReturn = result => new ValueTask(result);
            _fromReturn = async value =>
            {
                await (ValueTask)value;
                return null;
            };
        }
        else if (type.IsGenericType && type.GetGenericTypeDefinition() is var open && (open == typeof(Task<>) || open == typeof(ValueTask<>)))
        {
            var suffix = open == typeof(Task<>) ? "Task" : "ValueTask";
            _toReturn = Generic<Func<Task<object?>, object>>("To" + suffix, type.GenericTypeArguments[0]);
            _fromReturn = Generic<Func<object, Task<object?>>>("From" + suffix, type.GenericTypeArguments[0]);
        }
        else
        {
            throw new NotSupportedException($"Grain method {Name} returns {type}; it must return Task, Task<T>, ValueTask or ValueTask<T>.");
        }
    }

    public MethodInfo Method { get; }

    public string Name { get; }

    public bool OneWay { get; }

    public bool ReadOnly { get; }

    public bool AlwaysInterleave { get; }

    public TimeSpan? ResponseTimeout { get; }

    /// <summary>Index of the parameter of type <see cref="CancellationToken"/>, or −1.</summary>
    public int TokenIndex { get; }

    public bool[] ImmutableParameter { get; }

    public bool ImmutableReturn { get; }

    public static MethodShape Of(MethodInfo method) => Shapes.GetOrAdd(method, key => new MethodShape(key));

    /// <summary>The declared return type, completed by <paramref name="result"/>.</summary>
    public object ToReturn(Task<object?> result) => _toReturn(result);

    /// <summary>Runs the method; its continuations stay on the calling scheduler.</summary>
    public Task<object?> InvokeAsync(object instance, object?[] arguments) =>
        _fromReturn(Method.Invoke(instance, BindingFlags.DoNotWrapExceptions, null, arguments, null)
            ?? throw new NullReferenceException($"Grain method {Name} returned null instead of a task."));

    private static TDelegate Generic<TDelegate>(string name, Type argument)
        where TDelegate : Delegate =>
        typeof(MethodShape).GetMethod(name, BindingFlags.Static | BindingFlags.NonPublic)!.MakeGenericMethod(argument).CreateDelegate<TDelegate>();

    private static object ToTask<T>(Task<object?> result) => Cast<T>(result);

    private static object ToValueTask<T>(Task<object?> result) => new ValueTask<T>(Cast<T>(result));

    private static async Task<T> Cast<T>(Task<object?> result) => (T)(await result.ConfigureAwait(false))!;

    private static async Task<object?> FromTask<T>(object value) => await (Task<T>)value;

    private static async Task<object?> FromValueTask<T>(object value) => await (ValueTask<T>)value;
}
