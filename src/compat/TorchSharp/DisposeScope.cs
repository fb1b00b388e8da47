namespace TorchSharp;

/// <summary>Owns the tensors made on its thread while it is the innermost scope, and disposes them with itself.</summary>
public sealed class DisposeScope : IDisposable
{
    // A tensor knows its place in the list, so that leaving a scope costs the same for any number of tensors.
    private readonly List<torch.Tensor> _tensors = new(64);
    private readonly DisposeScopeManager _manager;
    private bool _disposed;

    internal DisposeScope(DisposeScopeManager manager)
    {
        _manager = manager;
        OuterScope = manager.CurrentDisposeScope;
    }

    internal DisposeScope? OuterScope { get; set; }

    public T MoveToOuter<T>(T disposable)
        where T : IDisposable => MoveToOther(OuterScope, disposable);

    public T MoveToOther<T>(DisposeScope? scope, T disposable)
        where T : IDisposable
    {
        ThrowIfDisposed();
        if (Tensor(disposable) is { } tensor && tensor.OwningDisposeScope == this)
        {
            Remove(tensor);
            scope?.Add(tensor);
        }

        return disposable;
    }

    public T Detach<T>(T disposable)
        where T : IDisposable => MoveToOther(null, disposable);

    public void Attach(IDisposable disposable)
    {
        ThrowIfDisposed();
        var tensor = Tensor(disposable);
        if (tensor.OwningDisposeScope != this)
        {
            tensor.OwningDisposeScope?.Remove(tensor);
            Add(tensor);
        }
    }

    public void DisposeEverything()
    {
        ThrowIfDisposed();
        for (var i = _tensors.Count - 1; i >= 0; i = Math.Min(i, _tensors.Count) - 1)
        {
            _tensors[i].Dispose();
        }
    }

    public bool Contains(IDisposable disposable) => disposable is torch.Tensor tensor && tensor.OwningDisposeScope == this;

    public void Dispose()
    {
        if (!_disposed)
        {
            DisposeEverything();
            _manager.Remove(this);
            _disposed = true;
        }
    }

    internal void Add(torch.Tensor tensor)
    {
        tensor.OwningDisposeScope = this;
        tensor.ScopeIndex = _tensors.Count;
        _tensors.Add(tensor);
    }

    internal void Remove(torch.Tensor tensor)
    {
        var last = _tensors[^1];
        _tensors[tensor.ScopeIndex] = last;
        last.ScopeIndex = tensor.ScopeIndex;
        _tensors.RemoveAt(_tensors.Count - 1);
        tensor.OwningDisposeScope = null;
    }

    private static torch.Tensor Tensor(IDisposable disposable) =>
        disposable as torch.Tensor ?? throw new InvalidOperationException("DisposeScope can only manage Tensor");

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_disposed, this);
}
